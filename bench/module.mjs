// Compiles, starts and configures a proxy-wasm module once, as a proxy would, and prints what that took as one line of JSON.
// Envoy's V8 compiles everything before the first call: run with --no-liftoff --no-wasm-lazy-compilation.
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

const bytes = readFileSync(process.argv[2]);
const [compileMs, compileCpuMs, module] = timed(() => new WebAssembly.Module(bytes));
let memory;
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = host(name);
}
const [startMs, , instance] = timed(() => {
  const instance = new WebAssembly.Instance(module, imports);
  memory = instance.exports.memory;
  instance.exports._initialize();
  instance.exports.proxy_on_context_create(1, 0);
  instance.exports.proxy_on_vm_start(1, 0);
  if (instance.exports.proxy_on_configure(1, 0) !== 1) throw new Error("the module refused its configuration");
  return instance;
});
const linear = instance.exports.memory.buffer.byteLength;
console.log(JSON.stringify({ compile_ms: compileMs, compile_cpu_ms: compileCpuMs, start_ms: startMs, linear }));

/// A host that agrees with everything and knows nothing.
function host(name) {
  if (name === "environ_sizes_get") {
    return (count, size) => {
      new DataView(memory.buffer).setUint32(count, 0, true);
      new DataView(memory.buffer).setUint32(size, 0, true);
      return 0;
    };
  }
  if (name === "proc_exit") {
    return (code) => {
      throw new Error(`the module exits with ${code}`);
    };
  }
  return () => 0;
}

function timed(work) {
  const [at, cpu] = [performance.now(), process.cpuUsage()];
  const result = work();
  const used = process.cpuUsage(cpu);
  return [performance.now() - at, (used.user + used.system) / 1000, result];
}
