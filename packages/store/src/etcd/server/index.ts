/** The etcd v3 server face of a store. An entry of its own, because `serve` is a client only. */
export { type EtcdFace, type EtcdFaceOptions, etcdFace } from "./etcd-face.ts";
export { type EtcdServer, type ServeEtcdOptions, serveEtcd } from "./serve-etcd.ts";
