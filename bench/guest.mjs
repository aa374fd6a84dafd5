// Runs the guest in V8 and measures it: a line of JSON in, a line of JSON out. Not node:wasi: the guest needs no system.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const nothing = () => 0;
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = nothing;
const guest = new WebAssembly.Instance(module, imports).exports;
guest._initialize();

const nanoseconds = () => process.hrtime.bigint();

function fill(bytes) {
  const address = guest.input(bytes.length);
  new Uint8Array(guest.memory.buffer, address, bytes.length).set(bytes);
}

function succeeded(result) {
  if (result < 0) throw new Error('the guest failed');
}

function scan(bytes, chunk, sum) {
  let spent = 0n;
  guest.stream_open(0);
  for (let from = 0; from < bytes.length; from += chunk) {
    const part = bytes.subarray(from, from + chunk);
    fill(part);
    const at = nanoseconds();
    if (sum) {
      guest.sum(part.length);
    } else {
      guest.clear_output();
      succeeded(guest.stream_write(part.length));
    }
    spent += nanoseconds() - at;
  }
  const at = nanoseconds();
  succeeded(guest.stream_end());
  if (!sum) spent += nanoseconds() - at;
  return Number(spent);
}

const corpora = new Map();
function corpus(path) {
  if (!corpora.has(path)) corpora.clear(), corpora.set(path, readFileSync(path));
  return corpora.get(path);
}

const answers = {
  pass({ corpus: path, slices, repetitions, chunk, sum }) {
    const text = corpus(path);
    return {
      samples: slices.map(([from, to]) => {
        let shortest = Infinity;
        for (let nth = 0; nth < repetitions; nth++) shortest = Math.min(shortest, scan(text.subarray(from, to), chunk, sum));
        return [shortest, guest.findings()];
      }),
    };
  },
  headers({ map, repetitions }) {
    const bytes = Buffer.from(map);
    fill(bytes);
    let shortest = Infinity;
    for (let nth = 0; nth < repetitions; nth++) {
      const at = nanoseconds();
      succeeded(guest.headers(bytes.length));
      shortest = Math.min(shortest, Number(nanoseconds() - at));
    }
    return { nanoseconds: shortest };
  },
  memory: () => ({ bytes: guest.memory.buffer.byteLength }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { answer: request.ask, ...answers[request.ask](request) };
  } catch (error) {
    answer = { answer: 'error', message: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
