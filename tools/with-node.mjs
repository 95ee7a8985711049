// Runs one entry file under the Node that package-lock.json pins: `node tools/with-node.mjs tools/test.ts [args]`.
// It installs dependencies first when they are missing or stale, so that `npm test` alone works in a fresh clone.
// Plain JavaScript without imports from npm: it must start on any Node from 18 on. package.json calls it as
// "test": "exec node --conditions=modelyard-source tools/with-node.mjs tools/test.ts" (exec: else npm's SIGTERM ends only the shell).
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const MINIMUM_MAJOR = 24;
const FLAGS = ["--conditions=modelyard-source"];
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const [entry, ...args] = process.argv.slice(2);

const stale = staleReason();
if (stale) {
  console.error(`with-node: npm ci (${stale}); about a minute the first time`);
  await install();
}
const node = pinnedNode();
const inPlace = !stale && node === process.execPath && FLAGS.every((flag) => process.execArgv.includes(flag));
if (inPlace) {
  process.argv.splice(1, 2, resolve(root, entry));
  await import(pathToFileURL(resolve(root, entry)).href);
} else {
  process.exitCode = await run({ command: node, argv: [...FLAGS, resolve(root, entry), ...args], env: process.env, cwd: process.cwd() });
}

/** Why node_modules does not hold what package-lock.json says; undefined when it does. npm writes its own copy last. */
function staleReason() {
  const installedFile = join(modules, ".package-lock.json");
  if (!existsSync(installedFile)) return "node_modules is missing or incomplete";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  for (const [path, want] of Object.entries(wanted)) {
    const have = installed[path];
    if (path === "" || (!have && want.optional)) continue;
    if (!have || have.version !== want.version || have.integrity !== want.integrity) return `${path} differs from package-lock.json`;
  }
  return undefined;
}

/** `npm ci` by the npm and the Node that started us, never by the Node inside node_modules, which npm ci deletes. */
async function install() {
  const env = { ...process.env, NODE_ENV: "development" };
  for (const name of Object.keys(env))
    if (/^npm_config_(workspaces?|include_workspace_root|omit|dry_run|global|prefix)$/i.test(name)) delete env[name];
  const npmCli = process.env.npm_execpath;
  const command = npmCli ? [process.env.npm_node_execpath ?? process.execPath, npmCli] : ["npm"];
  const argv = [...command.slice(1), "ci", "--loglevel=error", "--no-fund", "--no-audit"];
  const code = await run({ command: command[0], argv, env, cwd: root });
  if (code !== 0) {
    rmSync(join(modules, ".package-lock.json"), { force: true });
    console.error(`with-node: npm ci failed with exit code ${code}: see the message above; the next run tries again`);
    process.exit(code);
  }
}

/** The packaged binary; where npm has none for this platform, the running Node when it is new enough. */
function pinnedNode() {
  const packaged = join(modules, `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(packaged)) return packaged;
  if (Number.parseInt(process.versions.node, 10) >= MINIMUM_MAJOR) return process.execPath;
  console.error(
    `with-node: Node ${MINIMUM_MAJOR} or later is needed, this is ${process.version}, and npm has none packaged for ${process.platform}-${process.arch}`,
  );
  process.exit(78);
}

/** Runs a child on our terminal and resolves with its exit code; it sees signals sent to us, and `node` is the packaged one to its children. */
function run({ command, argv, env, cwd }) {
  // The package's own folder too: npm 10 drops node_modules/.bin/node when a package for another platform names the same bin.
  const own = isAbsolute(command) ? [dirname(command)] : [];
  const path = [...own, join(modules, ".bin"), ...(env.PATH ?? "").split(delimiter)].join(delimiter);
  const child = spawn(command, argv, { cwd, stdio: "inherit", env: { ...env, PATH: path } });
  // A terminal sends SIGINT to the whole group, the child included: passing it on would make one Ctrl-C two.
  const passed = process.stdin.isTTY ? ["SIGTERM", "SIGHUP"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => passed.includes(signal) && child.kill(signal));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => done(code ?? 128 + constants.signals[signal]));
  });
}
