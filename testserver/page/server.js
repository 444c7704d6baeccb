/* Questions to the server. Addresses are relative: the page works wherever it is mounted. */

export async function ask(address, options) {
  const response = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(10000), ...options });
  const text = await response.text();
  const body = text ? JSON.parse(text) : {};
  return { ok: response.ok, status: response.status, body };
}

export async function read(address) {
  const answer = await ask(address);
  if (!answer.ok) throw new Error(answer.body.error || 'status ' + answer.status);
  return answer.body;
}
