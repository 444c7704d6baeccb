/* Each connection's requests as a timeline. */
import { answerText, byId, duration, make, shade, took, visible, whole } from './text.js';

const lanesShown = 12;

let nowUs = 0; // by the server's clock, for what has no end yet

function endOf(entry) {
  return entry.ended_us === null ? Math.max(nowUs, entry.read_us) : entry.ended_us;
}

/* The entries of each connection, the connection with the newest request first. */
function byConnection(entries) {
  const connections = new Map();
  for (const entry of entries) {
    if (!connections.has(entry.connection)) connections.set(entry.connection, []);
    connections.get(entry.connection).push(entry);
  }
  return connections;
}

function bar(entry, from, to) {
  const item = make('li');
  const link = make('a', shade(entry) + (entry.ended_us === null ? ' open' : ''));
  const scale = 100 / Math.max(to - from, 1);
  const left = Math.max(0, (entry.read_us - from) * scale);
  const right = Math.min(100, (endOf(entry) - from) * scale);
  const text = visible(entry.method + ' ' + entry.path) + ', ' + answerText(entry) + ', ' + took(entry);
  link.href = '#request-' + entry.number;
  link.tabIndex = -1; // the journal has the same for the keyboard, without a hundred stops
  link.title = text;
  link.style.left = 'min(' + left + '%, 100% - 4px)';
  link.style.width = Math.max(0, right - left) + '%';
  link.append(make('span', 'unseen', text));
  item.append(link);
  return item;
}

function lane(connection, entries, from, to) {
  const item = make('li', 'lane');
  const title = make('h3');
  const track = make('ol', 'track');
  title.append(make('b', '', '#' + connection), ' · ' + entries.length,
    make('span', 'unseen', entries.length === 1 ? ' request' : ' requests'));
  track.append(...entries.slice().reverse().map(entry => bar(entry, from, to)));
  item.append(title, track);
  return item;
}

/* Each connection with its requests from left to right, all on one scale. */
export function showLanes(entries, uptimeUs) {
  nowUs = uptimeUs;
  const span = Number(byId('span').value);
  const shownUntil = entries.reduce((latest, entry) => Math.max(latest, endOf(entry)), 0);
  const seen = span > 0 ? entries.filter(entry => endOf(entry) >= shownUntil - span) : entries;
  const connections = [...byConnection(seen)];
  const shown = connections.slice(0, lanesShown);
  const all = shown.flatMap(([, list]) => list);
  const to = all.reduce((latest, entry) => Math.max(latest, endOf(entry)), 0);
  const from = span > 0 ? to - span : all.reduce((first, entry) => Math.min(first, entry.read_us), to);
  byId('lanes').replaceChildren(...shown.map(([connection, list]) => lane(connection, list, from, to)));
  const ticks = shown.length > 0 ? [0, 0.25, 0.5, 0.75, 1].map(part => duration(Math.round((to - from) * part))) : [];
  byId('axis').replaceChildren(...ticks.map(text => make('span', '', text)));
  byId('no-lanes').hidden = shown.length > 0;
  byId('lanes-more').hidden = connections.length <= lanesShown;
  byId('lanes-more').textContent = 'and ' + whole(connections.length - lanesShown) + ' earlier connections of the requests below';
}
