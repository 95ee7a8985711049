/** Conditions of `codec`. */
export const codecErrors = {
  PROTOBUF_INVALID: {
    code: "INVALID_ARGUMENT",
    template: "The protobuf message could not be read at byte {offset}: {why}",
    retryable: false,
    hint: "Send the bytes exactly as a protobuf library wrote them",
  },
  INFERENCE_REQUEST_INVALID: {
    code: "INVALID_ARGUMENT",
    template: "The inference request is not valid: {why}",
    retryable: false,
    hint: "Write the request as the Open Inference Protocol has it; the model's metadata names its inputs and outputs",
  },
  TENSOR_DATATYPE_UNKNOWN: {
    code: "INVALID_ARGUMENT",
    template: 'The datatype of the input "{tensor}" is {actual}: expected one of {expected}',
    retryable: false,
    hint: "Use the datatype that the model's metadata names",
  },
  TENSOR_SHAPE_INVALID: {
    code: "INVALID_ARGUMENT",
    template: 'The shape {shape} of the tensor "{tensor}" is not valid: {why}',
    retryable: false,
    hint: "Send the size of each dimension of the data; unknown sizes (-1) appear only in metadata",
  },
  TENSOR_LENGTH_MISMATCH: {
    code: "INVALID_ARGUMENT",
    template: 'The data of the tensor "{tensor}" does not fit its datatype {datatype} and shape {shape}: expected {expected}, got {actual}',
    retryable: false,
    hint: "Make shape and data agree",
  },
  TENSOR_ELEMENT_INVALID: {
    code: "INVALID_ARGUMENT",
    template: 'Element {index} of the tensor "{tensor}" is not valid: expected {expected}, got {actual}',
    retryable: false,
    hint: "Correct that element, or send the tensor with another datatype if the model takes one",
  },
  TENSOR_CONTENTS_INVALID: {
    code: "INVALID_ARGUMENT",
    template: 'The contents of the tensor "{tensor}" are not valid: expected {expected}, got {actual}',
    retryable: false,
    hint: "Fill only the field of the tensor's datatype, or use raw_input_contents for every input",
  },
  TENSOR_NOT_TEXT: {
    code: "FAILED_PRECONDITION",
    template: 'Element {index} of the output "{tensor}" is not UTF-8 text and cannot be written as JSON',
    retryable: false,
    hint: "Ask for the output with binary_data, or use gRPC",
  },
} as const;
