// MQTT.js, with the arguments of the other clients (bench/scenario.hpp).
const fs = require('fs');
const path = require('path');
const { Worker } = require('worker_threads');
const mqtt = require(path.join(process.env.BENCH_MODULES, 'mqtt'));

const how = { mode: process.argv[2], qos: 0, size: 16, count: 100000, version: 4, 'in-flight': 10000 };
for (let i = 3; i + 1 < process.argv.length; i += 2) {
  const text = process.argv[i + 1];
  how[process.argv[i].slice(2)] = /^\d+$/.test(text) ? Number(text) : text;
}

const client = mqtt.connect(`${how.ca ? 'mqtts' : 'mqtt'}://127.0.0.1:${how.port}`, {
  ca: how.ca ? fs.readFileSync(how.ca) : undefined,
  protocolVersion: how.version,
  reconnectPeriod: 0,
});
client.on('error', (why) => { console.error(`bench: ${why.message}`); process.exit(2); });

let begun, cpu;
function start() { cpu = process.cpuUsage(); begun = process.hrtime.bigint(); }
function report(messages) {
  const ended = process.hrtime.bigint();
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({
    client: 'MQTT.js', qos: how.qos, size: how.size, version: how.version, messages,
    start_ns: Number(begun), end_ns: Number(ended), cpu_ns: (used.user + used.system) * 1000,
    user_ns: used.user * 1000, peak_kib: process.resourceUsage().maxRSS,
  }));
}

function publish() {
  const payload = Buffer.alloc(how.size, 'x');
  let sent = 0, handled = 0;
  const done = (why) => {
    if (why) { console.error(`bench: ${why.message}`); process.exit(2); }
    handled += 1;
    if (handled === how.count) client.end(false, {}, () => report(handled));
    else if (sent - handled <= how['in-flight'] / 2 && !client.stream.writableNeedDrain) more();
  };
  // As many as may be in flight and as its stream takes without growing.
  const more = () => {
    while (sent < how.count && sent - handled < how['in-flight'] && !client.stream.writableNeedDrain) {
      sent += 1;
      client.publish('sensors/room/0042/is', payload, { qos: how.qos }, done);
    }
  };
  client.stream.on('drain', more);
  start();
  more();
}

function receive() {
  let handled = 0;
  client.on('message', () => {
    handled += 1;
    if (handled === how.count) { report(handled); client.end(); }
  });
  start();
  client.subscribe(`source/${how.qos}/${how.size}/${how.count}`, { qos: how.qos });
}

// Sleeps until each message is due, as the other clients do: a timer of the event loop has but milliseconds, and a loop that
// never sleeps would be measured without what it takes to wake a processor.
function sleeper() {
  const { parentPort, workerData } = require('worker_threads');
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let number = 0; number < workerData.count; number += 1) {
    const left = workerData.begun + number * workerData.period - Number(process.hrtime.bigint());
    if (left > 0) Atomics.wait(never, 0, 0, left / 1e6);
    parentPort.postMessage(number);
  }
}

// At a fixed rate: a message's time counts from when it was due, whenever it was really sent.
function latency() {
  const topic = 'echo';
  const period = 1e9 / how.rate;
  const payload = Buffer.alloc(Math.max(how.size, 8), 'x');
  const times = [];
  let begun;
  let sent = 0;
  const now = () => Number(process.hrtime.bigint());
  const done = (number) => {
    times.push((now() - (begun + number * period)) / 1000);
    if (times.length < how.count) return;
    times.sort((a, b) => a - b);
    const at = (part) => times[Math.min(Math.floor(part * times.length), times.length - 1)];
    console.log(JSON.stringify({
      client: 'MQTT.js', qos: how.qos, size: payload.length, version: how.version, messages: how.count, rate: how.rate,
      p50_us: at(0.5), p90_us: at(0.9), p99_us: at(0.99), p999_us: at(0.999), max_us: at(1),
    }));
    client.end();
  };
  const step = () => {
    for (; sent < how.count && begun + sent * period <= now(); sent += 1) {
      const number = sent;
      payload.writeBigUInt64LE(BigInt(number));
      client.publish(topic, Buffer.from(payload), { qos: how.qos }, () => { if (how.qos !== 0) done(number); });
    }
  };
  client.on('message', (_, message) => { if (how.qos === 0) done(Number(message.readBigUInt64LE())); });
  client.subscribe(topic, () => {
    begun = now() + 1e7;
    new Worker(`(${sleeper})()`, { eval: true, workerData: { begun, period, count: how.count } }).on('message', step);
  });
}

client.once('connect', { publish, receive, latency }[how.mode]);
