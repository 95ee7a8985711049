/**
 * Values encrypted at rest: AES-256-GCM with a fresh nonce each, bound to their key, so that one cannot be put in another's place.
 *
 * Form: `mys1` · nonce, 12 bytes · tag, 16 bytes · ciphertext.
 */
import { assert, failure, nodeCrypto } from "@modelyard/core";

/** Encrypts and decrypts values. */
export interface ValueSeal {
  seal(key: string, value: Uint8Array): Uint8Array;
  /** Fails with `STORE_VALUE_SEALED` when the value is not one of this key and secret. */
  open(key: string, value: Uint8Array): Uint8Array;
}

/** Bytes of the secret. */
export const sealSecretBytes = 32;

const magic = Buffer.from("mys1");
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = magic.length + nonceBytes + tagBytes;
const algorithm = "aes-256-gcm";

/** A seal with a secret of 32 bytes. Nonces are random: good for 2³² values under one secret. */
export function valueSeal(secret: Uint8Array): ValueSeal {
  assert(secret.length === sealSecretBytes, "a secret has 32 bytes");
  const { createCipheriv, createDecipheriv, randomBytes } = nodeCrypto();
  return {
    seal(key, value) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(key));
      const sealed = Buffer.concat([cipher.update(value), cipher.final()]);
      return Buffer.concat([magic, nonce, cipher.getAuthTag(), sealed]);
    },
    open(key, value) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (bytes.length < headBytes || !bytes.subarray(0, magic.length).equals(magic)) {
        throw failure("STORE_VALUE_SEALED", { key, why: "it is not encrypted as it should be" });
      }
      const nonce = bytes.subarray(magic.length, magic.length + nonceBytes);
      const decipher = createDecipheriv(algorithm, secret, nonce).setAAD(Buffer.from(key));
      decipher.setAuthTag(bytes.subarray(magic.length + nonceBytes, headBytes));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(headBytes)), decipher.final()]);
      } catch (cause) {
        throw failure("STORE_VALUE_SEALED", { key, why: "it was encrypted with another secret, or changed" }, { cause });
      }
    },
  };
}
