/**
 * What the inferences on a connection were like, by protocol: most clients send the same but for the elements. Kept with the connection, as the heads
 * of one client differ, by a trace or by a length.
 */
import { GrpcInferForm, RestInferForm } from "@modelyard/codec";
import { type ConnectionInfo, messagePrefixBytes } from "@modelyard/wire";

/** See the module. Each is made on first use. */
export class ConnectionForms {
  #grpc: GrpcInferForm | undefined;
  #rest: RestInferForm | undefined;

  /** Its answers are written behind room for the prefix of a message. */
  get grpc(): GrpcInferForm {
    this.#grpc ??= new GrpcInferForm(messagePrefixBytes);
    return this.#grpc;
  }

  get rest(): RestInferForm {
    this.#rest ??= new RestInferForm();
    return this.#rest;
  }
}

/** Those of a connection. */
export function formsOf(connection: ConnectionInfo): ConnectionForms {
  if (connection.memo instanceof ConnectionForms) return connection.memo;
  const forms = new ConnectionForms();
  connection.memo = forms;
  return forms;
}
