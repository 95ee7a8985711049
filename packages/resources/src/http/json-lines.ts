/** Splits a stream of bytes into JSON values, one a line: the body of a watch. */
import { failure } from "@modelyard/core";

/** Longest line: an object of the API server's largest size, with room for its envelope. */
const maxLineChars = 4 * 1024 * 1024;

/** Values in order. A line over 4 Mi characters or one that is no JSON ends it with `API_REFUSED`; a last line that was cut off is dropped. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>, url: string): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    let end = rest.indexOf("\n");
    while (end !== -1) {
      const line = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      if (line !== "") yield parseLine(line, url);
      end = rest.indexOf("\n");
    }
    if (rest.length > maxLineChars)
      throw failure("API_REFUSED", { url, status: 200, why: `a watch event is longer than ${maxLineChars} characters` });
  }
}

function parseLine(line: string, url: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw failure("API_REFUSED", { url, status: 200, why: "a watch event is no JSON" }, { cause });
  }
}
