/** Fakes and contract suites of this package for the tests of others. */
export { type FakeMesh, type FakeRevision, type FakeService, fakeMesh } from "./fake-mesh.ts";
export { type MemoryMesh, type MemoryMeshOptions, type MemoryService, memoryMesh } from "./memory-mesh.ts";
