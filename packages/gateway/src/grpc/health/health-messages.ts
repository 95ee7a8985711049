/** Messages of gRPC's health service as field tables. Numbers are those of `proto/health.proto`. */
import { implicit, type MessageType, messageType, type ProtoMessage } from "@modelyard/codec";

/** Numbers of the enum `ServingStatus`. */
export const servingStatus = { serving: 1, notServing: 2, serviceUnknown: 3 } as const;

export interface HealthCheckRequest extends ProtoMessage {
  /** Full name; empty: the whole server. */
  readonly service: string;
}
export const healthCheckRequest: MessageType<HealthCheckRequest> = messageType<HealthCheckRequest>("HealthCheckRequest", {
  service: implicit(1, "string"),
});

export interface HealthCheckResponse extends ProtoMessage {
  /** A number of {@link servingStatus}. */
  readonly status: number;
}
export const healthCheckResponse: MessageType<HealthCheckResponse> = messageType<HealthCheckResponse>("HealthCheckResponse", {
  status: implicit(1, "int32"),
});
