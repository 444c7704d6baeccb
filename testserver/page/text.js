/* How things are written on the page, and the one way in which text gets there: as text, never as markup. */

export const byId = id => document.getElementById(id);

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/* Control characters and those that turn the direction of text, made visible. */
export function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    c => '\\u{' + c.codePointAt(0).toString(16) + '}');
}

export const whole = number => number.toLocaleString('en');

export function duration(us) {
  if (us < 1000) return us + ' µs';
  if (us < 10000) return (us / 1000).toFixed(1) + ' ms';
  if (us < 1000000) return Math.round(us / 1000) + ' ms';
  return (us / 1000000).toFixed(us < 10000000 ? 2 : 1) + ' s';
}

export function clock(us) {
  const date = new Date(us / 1000);
  const two = n => String(n).padStart(2, '0');
  return two(date.getHours()) + ':' + two(date.getMinutes()) + ':' + two(date.getSeconds()) + '.' +
    String(date.getMilliseconds()).padStart(3, '0');
}

/* Which colour an answer has. */
export function shade(entry) {
  if (entry.fault !== 'none') return 'fault';
  if (entry.status >= 500) return 'failed';
  if (entry.status >= 400) return 'refused';
  return entry.status >= 300 ? 'moved' : 'good';
}

export function answerText(entry) {
  if (entry.fault === 'none') return String(entry.status);
  return entry.status ? entry.status + ' ' + entry.fault : entry.fault;
}

export const took = entry => entry.ended_us === null ? 'in flight' : duration(entry.ended_us - entry.read_us);
