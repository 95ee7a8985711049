/** Uploads: bytes that arrive piece by piece, and become a source (`upload://ID`) when they are whole. */

/** Limits of uploads. */
export interface UploadLimits {
  /** Most bytes of one upload. Default: what the store allows one artifact. */
  readonly maxBytes: number;
  /** Most bytes that all uploads together announce. Default 256 GiB. */
  readonly maxTotalBytes: number;
  /** Most uploads, finished ones included. Default 100. */
  readonly maxCount: number;
  /** An upload is removed so long after its last byte. Default 24 h. */
  readonly maxAgeMs: number;
}

/** What is announced of an upload. */
export interface UploadRequest {
  readonly lengthBytes: number;
  /** What the client calls the file; only its harmless characters are kept. */
  readonly name?: string;
  /** Given back as it is. */
  readonly metadata?: string;
}

/** An upload as it stands. */
export interface Upload {
  readonly id: string;
  readonly lengthBytes: number;
  /** Bytes that are on disk: those that survive a kill. */
  readonly offsetBytes: number;
  /** Name of the file in its artifact. */
  readonly name: string;
  readonly metadata?: string;
  /** Since 1970. */
  readonly expiresAtMs: number;
  /** `sha256:<64 hex>` of the whole, once it is whole. */
  readonly digest?: string;
}

/** A piece of an upload. */
export interface UploadPiece {
  /** Where the piece belongs: it must be where the upload ends. */
  readonly offsetBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The uploads of an artifact store. */
export interface Uploads {
  readonly limits: UploadLimits;
  /** `UPLOAD_TOO_LARGE`, or `UPLOAD_LIMIT_REACHED` when there are too many. */
  create(request: UploadRequest): Promise<Upload>;
  /** `UPLOAD_NOT_FOUND` when it is not there, or expired. */
  get(id: string): Promise<Upload>;
  /**
   * Takes a piece in; what arrived before it broke off is kept. `UPLOAD_OFFSET_WRONG`, `UPLOAD_BUSY` while another piece arrives, `UPLOAD_TOO_LARGE` for
   * bytes beyond what was announced.
   */
  append(id: string, piece: UploadPiece): Promise<Upload>;
  /** `UPLOAD_BUSY` while a piece arrives. */
  remove(id: string): Promise<void>;
  /** Removes what is expired. */
  sweep(): Promise<void>;
}
