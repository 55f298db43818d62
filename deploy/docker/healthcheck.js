// Is the exporter of this container alive? For images without a shell and curl. Exit code 0 if so, else 1 and the reason.
// Where server.listen has another port: node /app/healthcheck.js http://127.0.0.1:PORT/-/healthy
const PATIENCE_MS = 4000; // less than the HEALTHCHECK's own, so that the reason is told

const url = process.argv[2] ?? 'http://127.0.0.1:9464/-/healthy';
try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (status !== 200) throw new Error(`answered ${status}`);
} catch (error) {
  console.error(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
