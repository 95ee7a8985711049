/** What an error of the S3 client means for a source. Only the server's error code is shown: its texts may repeat parts of a signature. */
import { failure, PlatformError } from "@modelyard/core";

interface ServerError {
  readonly name: string;
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** The status a server answered with; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return isServerError(error) ? error.$metadata.httpStatusCode : undefined;
}

/** The failure of a source. */
export function s3Failure(label: string, error: unknown): PlatformError {
  if (PlatformError.is(error)) return error;
  const status = statusOf(error);
  if (status === undefined || (isServerError(error) && status < 300)) return connectionFailure(label, error);
  const name = isServerError(error) ? error.name : "";
  const details = { source: label, why: `the server answered with status ${status}${/^[A-Za-z]+$/.test(name) ? ` (${name})` : ""}` };
  if (status === 404) return failure("SOURCE_NOT_FOUND", details, { cause: error });
  if (status === 412 || status === 416) return failure("SOURCE_CHANGED", details, { cause: error });
  const isPassing = status >= 500 || status === 408 || status === 429 || name === "SlowDown" || name === "RequestTimeout";
  return failure(isPassing ? "SOURCE_UNAVAILABLE" : "SOURCE_REFUSED", details, { cause: error });
}

function connectionFailure(label: string, error: unknown): PlatformError {
  if (error instanceof Error && error.name === "CredentialsProviderError")
    return failure("SOURCE_REFUSED", { source: label, why: "its credentials could not be had" }, { cause: error });
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const why = `the connection failed${typeof code === "string" ? ` with ${code}` : ""}`;
  return failure("SOURCE_UNAVAILABLE", { source: label, why }, { cause: error });
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && "$metadata" in error;
}
