/** Syntax of fields, the same for both protocols (RFC 9110 §5.1, §5.5; RFC 9113 §8.2.1). */

const lowerCaseToken = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valueText = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const targetText = /^[\x21-\x7e\x80-\xff]+$/;
const digits = /^0*[0-9]{1,15}$/;

/** A token in lower case. */
export function isFieldName(text: string): boolean {
  return lowerCaseToken.test(text);
}

/** A token: field name or method. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** A value without surrounding white space and without control characters. */
export function isFieldValue(text: string): boolean {
  return valueText.test(text);
}

/** A request target: no white space or control characters. */
export function isTarget(text: string): boolean {
  return targetText.test(text);
}

/** A content length, or `undefined` when the text is none. */
export function parseContentLength(text: string): number | undefined {
  return digits.test(text) ? Number(text) : undefined;
}
