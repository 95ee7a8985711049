/** Conditions of `objects`. */
export const objectsErrors = {
  ARTIFACT_NOT_FOUND: {
    code: "NOT_FOUND",
    template: "The artifact {digest} is not in the store",
    retryable: false,
    hint: "Deploy its source again: `modelyard deploy SOURCE`",
  },
  ARTIFACT_DIGEST_MISMATCH: {
    code: "DATA_LOSS",
    template: "The bytes of {source} have the digest {actual} where {expected} is wanted",
    retryable: true,
    hint: "Fetch again; when it stays so, the source differs from what was announced",
  },
  ARTIFACT_DAMAGED: {
    code: "DATA_LOSS",
    template: "The stored artifact {digest} is damaged: {problem}",
    retryable: false,
    hint: "Deploy its source again; the damaged copy is replaced",
  },
  SOURCE_UNSUPPORTED: {
    code: "INVALID_ARGUMENT",
    template: 'The source "{source}" cannot be read: {why}',
    retryable: false,
    hint: "Give a path or an address of one of the schemes file, http, https, s3, gs, az, hf and pvc",
  },
  SOURCE_NOT_FOUND: {
    code: "NOT_FOUND",
    template: "The source {source} was not found: {why}",
    retryable: false,
    hint: "Check the path or the address",
  },
  SOURCE_REFUSED: {
    code: "FAILED_PRECONDITION",
    template: "The source {source} is refused: {why}",
    retryable: false,
    hint: "Remove what is named from the source and deploy it again",
  },
  SOURCE_CHANGED: {
    code: "ABORTED",
    template: "The source {source} changed while it was read: {why}",
    retryable: true,
    hint: "Try again; when it stays so, deploy an address that nobody writes to meanwhile",
  },
  SOURCE_UNAVAILABLE: {
    code: "UNAVAILABLE",
    template: "The source {source} could not be read: {why}",
    retryable: true,
    hint: "Try again; what was fetched so far is kept and the fetch goes on from there",
  },
  ARCHIVE_NAME_REFUSED: {
    code: "FAILED_PRECONDITION",
    template: "The archive {source} is refused: the name {member} {why}",
    retryable: false,
    hint: "Make the archive again with plain relative names, or deploy the folder itself",
  },
  ARCHIVE_MEMBER_REFUSED: {
    code: "FAILED_PRECONDITION",
    template: "The archive {source} is refused: the member {member} {why}",
    retryable: false,
    hint: "Make the archive again from plain files and folders only",
  },
  ARCHIVE_LIMIT_EXCEEDED: {
    code: "FAILED_PRECONDITION",
    template: "The archive {source} is refused: {why}",
    retryable: false,
    hint: "Deploy the folder itself, or split the model",
  },
  ARCHIVE_DAMAGED: {
    code: "FAILED_PRECONDITION",
    template: "The archive {source} cannot be unpacked: {why}",
    retryable: false,
    hint: "Make the archive again, in one piece and with nothing before or after it",
  },
  STORAGE_REFUSED: {
    code: "INVALID_ARGUMENT",
    template: "The storage was refused: {why}",
    retryable: false,
    hint: "Correct spec.predictor.model.storage, or the key of the secret storage-config that it names",
  },
} as const;
