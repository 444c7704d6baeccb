/* The counters at the top. */
import { byId, make, whole } from './text.js';

/* What slots= does: who waits for a slot, and who has found no place. */
function stationNote(stats) {
  const parts = [];
  if (stats.queued) parts.push(whole(stats.queued) + ' queued');
  if (stats.refused) parts.push(whole(stats.refused) + ' refused');
  return parts.join(', ');
}

/* Name, the number and a note, and when it should be looked at. */
const counters = [
  ['Requests', s => [s.requests, s.incomplete ? whole(s.incomplete) + ' cut short' : '']],
  ['In flight', s => [s.in_flight, 'most ' + whole(s.in_flight_peak)]],
  ['Held', s => [s.held, 'most ' + whole(s.held_peak)]],
  ['At stations', s => [s.in_service, stationNote(s)]],
  ['Connections open', s => [s.connections_open, 'of ' + whole(s.connections_accepted) + (s.listening ? '' : ', refusing')], s => !s.listening],
  ['Client aborts', s => [s.client_aborts, '']],
  ['Duplicates', s => [s.duplicates, '']],
  ['Journal', s => [s.journal_entries, s.journal_dropped ? whole(s.journal_dropped) + ' dropped' : ''], s => s.journal_dropped > 0],
];
const counterParts = new Map();

export function showCounters(stats) {
  for (const [name, value, alarm] of counters) {
    if (!counterParts.has(name)) {
      const box = make('div');
      const number = make('dd');
      const parts = { box, number: document.createTextNode(''), note: make('small') };
      number.append(parts.number, parts.note);
      box.append(make('dt', '', name), number);
      byId('counters').append(box);
      counterParts.set(name, parts);
    }
    const parts = counterParts.get(name);
    const [count, note] = value(stats);
    parts.number.data = whole(count);
    parts.note.textContent = note;
    parts.box.classList.toggle('alarm', Boolean(alarm && alarm(stats)));
  }
  byId('server').textContent = stats.url + ' · seed ' + stats.seed + ' · ' + stats.version;
}
