/** What says that a request is a call of gRPC-Web, and the head of the gRPC call that it carries. */
import type { Field } from "../message/fields.ts";
import { ReceivedRequestHead, type RequestHead } from "../message/request-head.ts";

/** Content types of gRPC-Web with messages of Protocol Buffers, which is what is meant where no format is named. */
const binaryType = "application/grpc-web";
const textType = "application/grpc-web-text";

/** How bodies are sent: as they are, or as base64 for clients that cannot read bytes as they come. */
export type WebForm = "binary" | "text";

/** Content types of answers. */
export const answerTypes: Readonly<Record<WebForm, string>> = { binary: `${binaryType}+proto`, text: `${textType}+proto` };

/** The head of a gRPC call that came as gRPC-Web; remembered with the head that it was made of. */
export class WebHead extends ReceivedRequestHead {
  readonly requestForm: WebForm;
  readonly answerForm: WebForm;

  constructor(head: RequestHead, requestForm: WebForm) {
    super(head, head.fields.map(callField));
    this.requestForm = requestForm;
    this.answerForm = answerFormOf(head.get("accept"), requestForm);
  }
}

/** The call that a request carries; undefined when it is no gRPC-Web. */
export function webHeadOf(head: RequestHead): WebHead | undefined {
  const { memo } = head;
  if (memo instanceof WebHead) return memo;
  // Whoever handles other requests keeps what is theirs in the slot: the head was looked at before.
  if (memo !== undefined) return undefined;
  const form = formOf(head.get("content-type"));
  if (!form) return undefined;
  const made = new WebHead(head, form);
  head.memo = made;
  return made;
}

function formOf(contentType: string | undefined): WebForm | undefined {
  if (contentType === undefined || !contentType.startsWith(binaryType)) return undefined;
  const [type = ""] = contentType.split(";");
  const name = type.trimEnd().replace(/\+proto$/, "");
  if (name === binaryType) return "binary";
  return name === textType ? "text" : undefined;
}

/** A client asks for text by name; one that names nothing gets what it sent. */
function answerFormOf(accept: string | undefined, requestForm: WebForm): WebForm {
  if (accept?.includes(textType)) return "text";
  return accept?.includes(binaryType) ? "binary" : requestForm;
}

function callField(field: Field): Field {
  return field[0] === "content-type" ? ["content-type", "application/grpc+proto"] : field;
}
