/** SETTINGS of HTTP/2 (RFC 9113 §6.5). */
import { defaultMaxFrameBytes, defaultWindowBytes, Http2Fault, maxWindowBytes } from "./protocol.ts";

/** Identifiers (§6.5.2). */
export const settingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** What a peer asked us to keep to. */
export interface PeerSettings {
  headerTableBytes: number;
  maxConcurrentStreams: number;
  initialWindowBytes: number;
  maxFrameBytes: number;
}

/** Values that hold until the peer says otherwise; the number of streams is unlimited by the standard, 100 is what it recommends at least. */
export function initialPeerSettings(): PeerSettings {
  return { headerTableBytes: 4096, maxConcurrentStreams: 100, initialWindowBytes: defaultWindowBytes, maxFrameBytes: defaultMaxFrameBytes };
}

/** Reads the payload of a SETTINGS frame into `settings`; throws `Http2Fault` for values that are not allowed. */
export function applySettings(payload: Buffer, settings: PeerSettings): void {
  if (payload.length % 6 !== 0) throw new Http2Fault("FRAME_SIZE_ERROR", `SETTINGS of ${payload.length} bytes`);
  for (let at = 0; at < payload.length; at += 6) applySetting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2), settings);
}

function applySetting(id: number, value: number, settings: PeerSettings): void {
  switch (id) {
    case settingId.headerTableSize:
      settings.headerTableBytes = value;
      return;
    case settingId.enablePush:
      if (value > 1) throw new Http2Fault("PROTOCOL_ERROR", `ENABLE_PUSH of ${value}`);
      return;
    case settingId.maxConcurrentStreams:
      settings.maxConcurrentStreams = value;
      return;
    case settingId.initialWindowSize:
      if (value > maxWindowBytes) throw new Http2Fault("FLOW_CONTROL_ERROR", `INITIAL_WINDOW_SIZE of ${value}`);
      settings.initialWindowBytes = value;
      return;
    case settingId.maxFrameSize:
      if (value < defaultMaxFrameBytes || value > 2 ** 24 - 1) throw new Http2Fault("PROTOCOL_ERROR", `MAX_FRAME_SIZE of ${value}`);
      settings.maxFrameBytes = value;
      return;
    default:
    // Unknown settings are ignored (§6.5.2); MAX_HEADER_LIST_SIZE is advice we have no use for.
  }
}
