/* The journal's rows, the newest first. A row stays the same element for as long as it is shown, so that what is open or
 * has the focus stays so. */
import { answerText, byId, clock, make, shade, took, visible, whole } from './text.js';

const rows = new Map(); // number to { item, mark }

function asked(entry) {
  const text = make('span', 'asked');
  text.append(make('b', '', visible(entry.method)), ' ' + visible(entry.path));
  if (entry.query) text.append(make('span', 'query', '?' + visible(entry.query)));
  return text;
}

function answerBadges(entry) {
  const answer = make('span', 'answer');
  answer.append(make('span', 'badge ' + shade(entry), answerText(entry)));
  if (entry.delivery > 1) answer.append(make('span', 'badge failed', 'delivery ' + entry.delivery));
  if (entry.client_gone) answer.append(make('span', 'badge refused', 'client left at ' + whole(entry.gone_bytes) + ' B'));
  return answer;
}

function addPair(list, name, value) {
  list.append(make('dt', '', name), make('dd', '', value));
}

function moreOf(entry) {
  const box = make('div', 'more-of-it');
  const facts = make('dl');
  addPair(facts, 'Read', new Date(entry.time_us / 1000).toISOString());
  addPair(facts, 'Connection', entry.connection + ', request ' + entry.place + ' on it');
  if (entry.key !== null) addPair(facts, 'Key', visible(entry.key));
  if (entry.body_bytes > 0) addPair(facts, 'Body', whole(entry.body_bytes) + ' bytes, SHA-256 ' + entry.body_sha256);
  if (entry.delivery > 0) addPair(facts, 'Delivery', String(entry.delivery));
  if (entry.client_gone) addPair(facts, 'Client left', 'after ' + whole(entry.gone_bytes) + ' bytes of the answer');
  const headers = make('dl');
  for (const [name, value] of entry.headers) addPair(headers, visible(name), visible(value));
  box.append(facts, make('h3', '', 'Headers'), headers);
  return box;
}

/* What of an entry can still change. */
const markOf = entry => [entry.ended_us, entry.client_gone, entry.gone_bytes, entry.status, entry.fault].join();

function fillRow(row, entry) {
  const summary = make('summary');
  summary.append(make('span', 'number', '#' + entry.number), make('span', 'at', clock(entry.time_us)),
    make('span', 'on', 'conn ' + entry.connection), asked(entry), answerBadges(entry), make('span', 'took', took(entry)));
  const old = row.details.querySelector('summary');
  const focused = old && old === document.activeElement;
  row.details.replaceChildren(summary);
  if (row.details.open) row.details.append(moreOf(entry));
  if (focused) summary.focus();
  row.mark = markOf(entry);
  row.entry = entry;
}

function newRow(entry) {
  const row = { item: make('li'), details: make('details') };
  row.item.id = 'request-' + entry.number;
  row.item.append(row.details);
  row.details.addEventListener('toggle', () => {
    const shown = row.details.querySelector('.more-of-it');
    if (row.details.open && !shown) row.details.append(moreOf(row.entry));
    if (!row.details.open && shown) shown.remove();
  });
  fillRow(row, entry);
  return row;
}

export function showEntries(entries) {
  const list = byId('entries');
  const wanted = new Set(entries.map(entry => entry.number));
  for (const [number, row] of rows) {
    if (!wanted.has(number)) {
      row.item.remove();
      rows.delete(number);
    }
  }
  let next = list.firstElementChild;
  for (const entry of entries) {
    let row = rows.get(entry.number);
    if (!row) {
      row = newRow(entry);
      rows.set(entry.number, row);
      list.insertBefore(row.item, next);
    } else {
      if (row.mark !== markOf(entry)) fillRow(row, entry);
      next = row.item.nextElementSibling;
    }
  }
}
