// Runs the guest in V8 over a list of cases: [{prefix, input in base64, cuttings: [[length of a piece, ...], ...]}, ...] comes in, and for each cutting
// [output in base64, whether it failed] goes out.
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
const guest = new WebAssembly.Instance(module, imports).exports;
guest._initialize();

function fill(bytes) {
  const address = guest.input(bytes.length);
  new Uint8Array(guest.memory.buffer, address, bytes.length).set(bytes);
  return bytes.length;
}

function takeOutput() {
  const out = Buffer.from(new Uint8Array(guest.memory.buffer, guest.output(), guest.output_length()));
  guest.clear_output();
  return out;
}

function redact(prefix, pieces) {
  if (prefix.endsWith(': ')) {
    const failed = guest.header(fill(Buffer.concat([Buffer.from(prefix), ...pieces]))) < 0;
    return [takeOutput(), failed];
  }
  const out = [];
  let failed = guest.stream_open_as(fill(Buffer.from(prefix))) < 0;
  for (const piece of [...pieces, null]) {
    if (failed) break;
    failed = (piece ? guest.stream_write(fill(piece)) : guest.stream_end()) < 0;
    out.push(takeOutput());
  }
  return [Buffer.concat(out), failed];
}

const answers = JSON.parse(readFileSync(0)).map(({ prefix, input, cuttings }) => {
  const bytes = Buffer.from(input, 'base64');
  return cuttings.map((lengths) => {
    let from = 0;
    const [out, failed] = redact(prefix, lengths.map((length) => bytes.subarray(from, (from += length))));
    return [out.toString('base64'), failed];
  });
});
process.stdout.write(JSON.stringify(answers));
