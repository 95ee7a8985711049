/**
 * The parts of a Kubernetes PodSpec that serving kinds embed (core/v1). Members whose inside no part of the product reads are opaque:
 * kept as they are, nothing below them counts as unknown.
 */
import { z } from "zod";

/** An object whose inside is not looked at. */
export const opaque = z.record(z.string(), z.unknown());
const opaqueList = z.array(opaque);

/** A map of texts: labels, annotations, node selectors. */
export const textMap = z.record(z.string(), z.string());

/** A number of items or a percentage. */
export const intOrString = z.union([z.int(), z.string()]);

const quantities = z.record(z.string(), z.union([z.string(), z.number()]));

/** Requests and limits of a container. */
const resourceRequirements = z.looseObject({
  limits: quantities.exactOptional(),
  requests: quantities.exactOptional(),
  claims: opaqueList.exactOptional(),
});

const envVar = z.looseObject({ name: z.string().min(1), value: z.string().exactOptional(), valueFrom: opaque.exactOptional() });

const containerPort = z.looseObject({
  name: z.string().exactOptional(),
  containerPort: z.int().min(1).max(65_535),
  protocol: z.enum(["TCP", "UDP", "SCTP"]).exactOptional(),
  hostPort: z.int().exactOptional(),
  hostIP: z.string().exactOptional(),
});

const volumeMount = z.looseObject({
  name: z.string().min(1),
  mountPath: z.string().min(1),
  subPath: z.string().exactOptional(),
  subPathExpr: z.string().exactOptional(),
  readOnly: z.boolean().exactOptional(),
  recursiveReadOnly: z.string().exactOptional(),
  mountPropagation: z.string().exactOptional(),
});

/** Fields of a container other than its name. */
export const containerFields = {
  image: z.string().exactOptional(),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).exactOptional(),
  command: z.array(z.string()).exactOptional(),
  args: z.array(z.string()).exactOptional(),
  workingDir: z.string().exactOptional(),
  env: z.array(envVar).exactOptional(),
  envFrom: opaqueList.exactOptional(),
  ports: z.array(containerPort).exactOptional(),
  resources: resourceRequirements.exactOptional(),
  resizePolicy: opaqueList.exactOptional(),
  restartPolicy: z.string().exactOptional(),
  volumeMounts: z.array(volumeMount).exactOptional(),
  volumeDevices: opaqueList.exactOptional(),
  livenessProbe: opaque.exactOptional(),
  readinessProbe: opaque.exactOptional(),
  startupProbe: opaque.exactOptional(),
  lifecycle: opaque.exactOptional(),
  securityContext: opaque.exactOptional(),
  terminationMessagePath: z.string().exactOptional(),
  terminationMessagePolicy: z.string().exactOptional(),
  stdin: z.boolean().exactOptional(),
  stdinOnce: z.boolean().exactOptional(),
  tty: z.boolean().exactOptional(),
} as const;

/** A container. */
export const container = z.looseObject({ name: z.string().min(1), ...containerFields });

/** Fields of a PodSpec other than its containers. */
export const podFields = {
  initContainers: z.array(container).exactOptional(),
  volumes: z.array(z.looseObject({ name: z.string().min(1) }).catchall(z.unknown())).exactOptional(),
  nodeSelector: textMap.exactOptional(),
  nodeName: z.string().exactOptional(),
  affinity: opaque.exactOptional(),
  tolerations: opaqueList.exactOptional(),
  topologySpreadConstraints: opaqueList.exactOptional(),
  serviceAccountName: z.string().exactOptional(),
  serviceAccount: z.string().exactOptional(),
  automountServiceAccountToken: z.boolean().exactOptional(),
  imagePullSecrets: z.array(z.looseObject({ name: z.string().exactOptional() })).exactOptional(),
  restartPolicy: z.string().exactOptional(),
  terminationGracePeriodSeconds: z.int().exactOptional(),
  activeDeadlineSeconds: z.int().exactOptional(),
  dnsPolicy: z.string().exactOptional(),
  dnsConfig: opaque.exactOptional(),
  hostNetwork: z.boolean().exactOptional(),
  hostPID: z.boolean().exactOptional(),
  hostIPC: z.boolean().exactOptional(),
  hostUsers: z.boolean().exactOptional(),
  hostname: z.string().exactOptional(),
  subdomain: z.string().exactOptional(),
  setHostnameAsFQDN: z.boolean().exactOptional(),
  hostAliases: opaqueList.exactOptional(),
  shareProcessNamespace: z.boolean().exactOptional(),
  securityContext: opaque.exactOptional(),
  schedulerName: z.string().exactOptional(),
  schedulingGates: opaqueList.exactOptional(),
  priorityClassName: z.string().exactOptional(),
  priority: z.int().exactOptional(),
  preemptionPolicy: z.string().exactOptional(),
  readinessGates: opaqueList.exactOptional(),
  runtimeClassName: z.string().exactOptional(),
  enableServiceLinks: z.boolean().exactOptional(),
  ephemeralContainers: opaqueList.exactOptional(),
  overhead: opaque.exactOptional(),
  os: opaque.exactOptional(),
  resourceClaims: opaqueList.exactOptional(),
  resources: resourceRequirements.exactOptional(),
} as const;
