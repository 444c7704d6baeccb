/* Asks the server every second whether something has changed, and has it shown. */
import { answerText, byId, visible, whole } from './text.js';
import { ask, read } from './server.js';
import { showCounters } from './counters.js';
import { loadScripts, startScripts } from './scripts.js';
import { showEntries } from './journal.js';
import { showLanes } from './connections.js';

const pollMs = 1000;
const announceMs = 5000; // between two announcements to screen readers
const firstShown = 50;
const mostShown = 500;

const state = {
  paused: false,
  changes: -1, // what the server's counters were at when they were last shown
  scriptChanges: -1,
  filter: '',
  limit: firstShown,
  entries: [], // newest first
  newest: null, // number of the newest request that was announced, or was there at first
  announcedAt: -announceMs,
  uptimeUs: 0,
};

/* ---- journal and connections ------------------------------------------------------------------------------------- */

/* Tells screen readers what is new, in one sentence, seldom. */
function announce(entries) {
  if (state.newest === null) {
    state.newest = entries.length > 0 ? entries[0].number : 0;
    return;
  }
  const fresh = entries.filter(entry => entry.number > state.newest);
  const now = performance.now();
  if (fresh.length === 0 || now - state.announcedAt < announceMs) return;
  const newest = fresh[0];
  const some = fresh.length === entries.length && fresh.length > 1 ? 'many' : String(fresh.length);
  byId('news').textContent = some + (fresh.length === 1 ? ' new request: ' : ' new requests, the newest: ') +
    visible(newest.method + ' ' + newest.path) + ', ' + answerText(newest);
  state.newest = newest.number;
  state.announcedAt = now;
}

async function loadJournal() {
  const filter = state.filter;
  const limit = state.limit;
  const contains = filter ? '&contains=' + encodeURIComponent(filter) : '';
  const journal = await read('journal?limit=' + (limit + 1) + contains);
  if (filter !== state.filter || limit !== state.limit) return; // asked for something else meanwhile
  const entries = journal.requests.reverse();
  const more = entries.length > limit;
  state.entries = entries.slice(0, limit);
  showEntries(state.entries);
  showLanes(state.entries, state.uptimeUs);
  announce(state.entries);
  byId('no-entries').hidden = entries.length > 0;
  byId('no-entries').textContent = filter ? 'No request matches.' : 'No request yet.';
  byId('shown').textContent = entries.length > 0 ? (more ? 'the newest ' + whole(limit) : whole(entries.length)) + ' shown' : '';
  byId('more').hidden = !more || limit >= mostShown;
}

/* ---- polling ----------------------------------------------------------------------------------------------------- */

function showState(kind, text) {
  byId('state').className = kind;
  if (byId('state-text').textContent !== text) byId('state-text').textContent = text;
}

async function poll() {
  const stats = await read('stats');
  showCounters(stats);
  state.uptimeUs = stats.uptime_us;
  if (stats.scripts_changes !== state.scriptChanges) {
    await loadScripts();
    state.scriptChanges = stats.scripts_changes;
  }
  if (stats.changes !== state.changes || stats.in_flight > 0) {
    await loadJournal();
    state.changes = stats.changes;
  } else {
    announce(state.entries);
  }
}

async function pollForEver() {
  if (!state.paused && !document.hidden) {
    try {
      await poll();
      showState('live', 'Live');
    } catch (error) {
      showState('lost', 'No answer from the server, trying again');
    }
  }
  setTimeout(pollForEver, pollMs);
}

/* Does something that changes the server, then shows what came of it. */
async function act(address) {
  try {
    await ask(address, { method: 'DELETE' });
    state.changes = -1;
    await poll();
  } catch (error) {
    showState('lost', 'No answer from the server, trying again');
  }
}

function reload() {
  loadJournal().catch(() => { state.changes = -1; });
}

let filterTimer = 0;
function filterSoon() {
  clearTimeout(filterTimer);
  filterTimer = setTimeout(() => {
    state.filter = byId('filter').value;
    state.limit = firstShown;
    reload();
  }, 200);
}

function togglePause() {
  state.paused = !state.paused;
  byId('pause').setAttribute('aria-pressed', String(state.paused));
  if (state.paused) showState('', 'Paused');
}

startScripts();
byId('filter').addEventListener('input', filterSoon);
byId('span').addEventListener('change', () => showLanes(state.entries, state.uptimeUs));
byId('pause').addEventListener('click', togglePause);
byId('clear').addEventListener('click', () => act('journal'));
byId('reset-counts').addEventListener('click', () => act('counts'));
byId('more').addEventListener('click', () => {
  state.limit = mostShown;
  reload();
});
pollForEver();
