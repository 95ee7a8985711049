/** The mesh's own figures, read where it writes them: the instance records in the store, over the store's etcd face on the data folder's socket. */
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@modelyard/core";
import { type InstanceRecord, instancePrefix } from "@modelyard/mesh";
import { decodeJson, etcdClient, listPrefix } from "@modelyard/store";
import { connectPeer } from "@modelyard/wire";

/** Sums over the instances. */
export type MeshFigures = Pick<InstanceRecord, "capacityBytes" | "usedBytes" | "modelCount" | "loads" | "evictions">;

/** An open connection to the store. */
export interface MeshFiguresReader {
  read(): Promise<MeshFigures>;
  close(): Promise<void>;
}

/** Opens the store of a data folder for reading. */
export function openMeshFigures(dataDir: string): MeshFiguresReader {
  const deps = { clock: systemClock(), log: silentLog(), random: systemRandom() };
  const peer = connectPeer({ address: { path: join(dataDir, "control.sock") }, ...deps });
  const store = etcdClient({ peer, ...deps });
  return {
    async read() {
      const { keyValues } = await listPrefix(store, instancePrefix);
      const records = keyValues.map(({ value }) => decodeJson(value) as InstanceRecord);
      const sum = (pick: (one: InstanceRecord) => number): number => records.reduce((total, one) => total + pick(one), 0);
      return {
        capacityBytes: sum((one) => one.capacityBytes),
        usedBytes: sum((one) => one.usedBytes),
        modelCount: sum((one) => one.modelCount),
        loads: sum((one) => one.loads),
        evictions: sum((one) => one.evictions),
      };
    },
    async close() {
      await store.close();
      await peer.close();
    },
  };
}
