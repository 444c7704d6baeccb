/* The scripts in force, and the form that sets one. */
import { byId, make, visible, whole } from './text.js';
import { ask, read } from './server.js';

const examples = [
  ['404x2,200', 'two 404s, then 200s'],
  ['503;retry-after=1,200', 'a 503 that says when to come back'],
  ['200;delay=300ms', 'slow'],
  ['reset', 'a connection reset'],
  ['200;stall=body@100', 'silence after 100 bytes'],
  ['0.3:503|200', 'three of ten fail'],
];

function showExamples() {
  for (const [script, means] of examples) {
    const item = make('li');
    const button = make('button', '', script);
    button.type = 'button';
    button.addEventListener('click', () => {
      byId('script').value = script;
      clearError();
      byId('script').focus();
    });
    item.append(button, make('span', 'quiet', means));
    byId('examples').append(item);
  }
}

function scriptItem(path, script) {
  const item = make('li');
  const buttons = make('div', 'buttons');
  const edit = make('button', 'small', 'Edit');
  const remove = make('button', 'small', 'Remove');
  edit.type = remove.type = 'button';
  edit.setAttribute('aria-label', 'Edit the script of ' + visible(path));
  remove.setAttribute('aria-label', 'Remove the script of ' + visible(path));
  edit.addEventListener('click', () => {
    byId('path').value = path;
    byId('script').value = script;
    clearError();
    byId('script').focus();
  });
  remove.addEventListener('click', () => removeScript(path));
  buttons.append(edit, remove);
  item.append(make('span', 'what code', visible(path)), make('span', 'what code script', visible(script)), buttons);
  return item;
}

export async function loadScripts() {
  const most = 200;
  const scripts = Object.entries((await read('scripts')).scripts).sort((a, b) => a[0] < b[0] ? -1 : 1);
  const list = byId('script-list');
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...scripts.slice(0, most).map(([path, script]) => scriptItem(path, script)));
  if (scripts.length > most) list.append(make('li', 'quiet', 'and ' + whole(scripts.length - most) + ' more'));
  byId('no-scripts').hidden = scripts.length > 0;
  if (focused) list.focus();
}

function clearError() {
  byId('script-error').hidden = true;
  byId('script').removeAttribute('aria-invalid');
  byId('form-done').textContent = '';
}

/* The server counts columns in bytes from 1; the input counts UTF-16 units from 0. */
function unitOfColumn(text, column) {
  const encoder = new TextEncoder();
  let bytes = 0;
  let unit = 0;
  for (const character of text) {
    if (bytes >= column - 1) break;
    bytes += encoder.encode(character).length;
    unit += character.length;
  }
  return unit;
}

function showError(script, error) {
  const input = byId('script');
  const at = error.column ? unitOfColumn(script, error.column) : -1;
  byId('error-text').textContent = at >= 0 ? 'Column ' + error.column + ': ' + error.error : error.error;
  byId('error-place').textContent = at >= 0 ? script + '\n' + ' '.repeat([...script.slice(0, at)].length) + '^' : '';
  byId('error-place').hidden = at < 0;
  byId('script-error').hidden = false;
  byId('form-done').textContent = '';
  if (at >= 0) {
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    input.setSelectionRange(at, at + 1);
  }
}

async function setScript(event) {
  event.preventDefault();
  const path = byId('path').value;
  const script = byId('script').value;
  try {
    const answer = await ask('scripts?path=' + encodeURIComponent(path), { method: 'PUT', body: script });
    if (!answer.ok) {
      showError(script, answer.body);
      return;
    }
    clearError();
    byId('form-done').textContent = 'Set.';
    await loadScripts();
  } catch (error) {
    showError(script, { error: 'The script could not be set: ' + error.message });
  }
}

async function removeScript(path) {
  try {
    await ask('scripts?path=' + encodeURIComponent(path), { method: 'DELETE' });
    byId('form-done').textContent = 'Removed.';
    await loadScripts();
  } catch (error) {
    showError('', { error: 'The script could not be removed: ' + error.message });
  }
}

export function startScripts() {
  showExamples();
  byId('script-form').addEventListener('submit', setScript);
  byId('script').addEventListener('input', clearError);
}
