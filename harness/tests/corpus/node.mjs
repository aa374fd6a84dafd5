// Runs the guest in V8 over a list of cases: [{framing, input in base64, cuttings: [[length of a piece, ...], ...]}, ...] comes in, and for each cutting
// [output in base64, whether the stream failed] goes out.
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
const guest = new WebAssembly.Instance(module, imports).exports;
guest._initialize();

function take(out) {
  out.push(Buffer.from(new Uint8Array(guest.memory.buffer, guest.output(), guest.output_length())));
  guest.clear_output();
}

function redact(framing, pieces) {
  guest.stream_open(framing);
  const out = [];
  for (const piece of pieces) {
    const address = guest.input(piece.length);
    new Uint8Array(guest.memory.buffer, address, piece.length).set(piece);
    const result = guest.stream_write(piece.length);
    take(out);
    if (result < 0) return [Buffer.concat(out).toString('base64'), true];
  }
  const failed = guest.stream_end() < 0;
  take(out);
  return [Buffer.concat(out).toString('base64'), failed];
}

const answers = JSON.parse(readFileSync(0)).map(({ framing, input, cuttings }) => {
  const bytes = Buffer.from(input, 'base64');
  return cuttings.map((lengths) => {
    let from = 0;
    return redact(framing, lengths.map((length) => bytes.subarray(from, (from += length))));
  });
});
process.stdout.write(JSON.stringify(answers));
