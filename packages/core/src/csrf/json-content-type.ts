const json = /^application\/(?:[!#$&^_.+\-\w]+\+)?json$/i;

/**
 * Whether a Content-Type is JSON, which no HTML form can send and no other site without a preflight.
 * Form, multipart, text/plain, an absent type and a repeated one are not: a JSON endpoint refuses such a body unless a CSRF token came with it.
 * @see OWASP CSRF Prevention Cheat Sheet; ASVS 5.0 3.5.2
 */
export function isJsonContentType(contentType: string | undefined): boolean {
  // A comma means that the field came twice; browsers and servers differ on which counts.
  if (contentType === undefined || contentType.includes(',')) return false;
  return json.test((contentType.split(';', 1)[0] ?? '').trim());
}
