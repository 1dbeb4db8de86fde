// Steps and trains a model from Node, by a Node-API addon: node host.js glue.node MODEL
const [addon, path] = process.argv.slice(2);
const nai = require(addon);
const model = nai.open(path, 7);

const loop = () => {
  const inputs = new Float32Array([1, 0, 0]);
  const outputs = new Float32Array(3);
  let sum = 0;
  nai.reset(model);
  for (let t = 0; t < 1000; t++) {
    inputs[1] = t % 100 < 50;
    inputs[2] = outputs[1] > outputs[2];
    nai.step(model, inputs, outputs);
    sum += outputs[1];
  }
  return sum;
};

let sum = 0;
let best = Infinity;
for (let run = 0; run < 20; run++) {
  const start = process.hrtime.bigint();
  sum = loop();
  best = Math.min(best, Number(process.hrtime.bigint() - start) * 1e-9);
}

let updates = 0;
let last = NaN;
nai.train(model, 1000, (update, cost) => {
  updates = update;
  last = cost;
  return update < 20; // false ends the run
});

console.log(`loop ${sum.toFixed(6)}, cost ${last.toFixed(6)} after ${updates} updates`);
console.log(`${(best * 1e3).toFixed(2)} us a step`);
