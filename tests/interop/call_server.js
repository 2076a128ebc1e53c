// Calls a server with @grpc/grpc-js and the repository's own .proto files, and prints what came back as JSON.
//
//   node call_server.js ADDRESS PROTO_FOLDER GOOGLE_FOLDER
'use strict';

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const [address, protoFolder, googleFolder] = process.argv.slice(2);
const TIMEOUT_MS = 60_000;
const OPTIONS = {
  keepCase: true,
  longs: Number,
  enums: String,
  oneofs: true,
  includeDirs: [protoFolder, googleFolder],
};

const definition = protoLoader.loadSync(
  [
    'attnd/v1/inference.proto',
    'inference/open_inference.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
    'grpc/health/v1/health.proto',
  ],
  OPTIONS,
);
const packages = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createInsecure();
const attnd = new packages.attnd.v1.InferenceService(address, credentials);
const openInference = new packages.inference.GRPCInferenceService(address, credentials);
const health = new packages.grpc.health.v1.Health(address, credentials);

const deadline = () => ({ deadline: Date.now() + TIMEOUT_MS });

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, new grpc.Metadata(), deadline(), (error, reply) => {
      if (error) reject(error);
      else resolve(reply);
    });
  });
}

// The answers to all items, once the server has ended the stream.
function stream(client, method, items) {
  return new Promise((resolve, reject) => {
    const answers = [];
    const duplex = client[method](new grpc.Metadata(), deadline());
    duplex.on('data', (answer) => answers.push(answer));
    duplex.on('error', reject);
    duplex.on('end', () => resolve(answers));
    items.forEach((item) => duplex.write(item));
    duplex.end();
  });
}

// Elements of little-endian float32.
function floats(bytes) {
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

function int64s(rows) {
  const bytes = Buffer.alloc(8 * rows.flat().length);
  rows.flat().forEach((id, i) => bytes.writeBigInt64LE(BigInt(id), 8 * i));
  return bytes;
}

// What a failed call says, its details as messages of google.rpc.
function describe(error) {
  const status = definition['google.rpc.Status'].deserialize(error.metadata.get('grpc-status-details-bin')[0]);
  const details = status.details.map((any) => {
    const type = any['@type'] ?? any.type_url;
    return any.value ? definition[path.basename(type)].deserialize(any.value) : any;
  });
  return { code: error.code, text: error.details, status, details };
}

async function main() {
  const ids = [[5, 6, 7], [8, 9, 10]];
  const inputs = ids.map((row) => ({ token_ids: { ids: row } }));
  const selection = { hidden_states: [{ layer: 'ln_f', positions: 'POSITIONS_ALL' }], logits: 'POSITIONS_LAST' };
  const found = {};

  found.health = (await call(health, 'check', { service: '' })).status;
  found.model = await call(attnd, 'GetModel', {});
  const embedded = await call(attnd, 'Embed', { inputs });
  found.embed = { shape: embedded.embeddings.shape, values: floats(embedded.embeddings.data) };
  const forwarded = await call(attnd, 'Forward', { inputs, ...selection });
  found.forward = forwarded.results.map((result) => ({
    hidden: floats(result.hidden_states[0].values.data),
    logits: floats(result.logits.data),
  }));
  const items = inputs.map((input, i) => ({ id: i + 1, input, ...selection }));
  const answers = await stream(attnd, 'ForwardStream', [...items, { id: 3, input: { token_ids: { ids: [512] } } }]);
  found.stream = answers.map((answer) => ({
    id: answer.id,
    outcome: answer.outcome,
    code: answer.status?.code,
    logits: answer.result && floats(answer.result.logits.data),
  }));
  found.error = await call(attnd, 'Embed', { inputs: [{ token_ids: { ids: [1, 512] } }] }).then(() => null, describe);

  const [model] = (await call(openInference, 'RepositoryIndex', {})).models;
  const inferred = await call(openInference, 'ModelInfer', {
    model_name: model.name,
    id: 'node',
    inputs: [{ name: 'input_ids', datatype: 'INT64', shape: [2, 3] }],
    raw_input_contents: [int64s(ids)],
    parameters: { pooling: { string_param: 'mean' } },
  });
  found.infer = {
    id: inferred.id,
    outputs: inferred.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    values: floats(inferred.raw_output_contents[0]),
  };
  [attnd, openInference, health].forEach((client) => client.close());
  console.log(JSON.stringify(found));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
