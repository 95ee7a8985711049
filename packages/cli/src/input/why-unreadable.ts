/** Why a file could not be read, in words rather than in the codes of the operating system. */

const causes: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "part of its path is a file, not a folder",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
  EPERM: "this user may not read it",
};

/** The cause as the end of a sentence, on one line. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return causes[code] ?? firstLineOf(error instanceof Error ? error.message : String(error));
}

/** Parsers quote the text they stumble over below their message, after a colon. */
function firstLineOf(message: string): string {
  return (message.split("\n", 1)[0] ?? "").replace(/[:.\s]+$/, "");
}
