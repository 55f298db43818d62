// Health check for images without a shell and curl. Exit code 0 if the exporter is alive, otherwise 1 and the reason.
// If server.listen has another port, or server.webConfig enables TLS: node /app/healthcheck.js https://127.0.0.1:PORT/-/healthy
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const TIMEOUT_MS = 4000; // shorter than that of HEALTHCHECK, so that the reason is printed

// A server that asks for a password or for fewer requests is alive.
const ALIVE = [200, 401, 429];

const url = process.argv[2] ?? 'http://127.0.0.1:9464/-/healthy';

function end(problem) {
  if (problem) console.error(`${url}: ${problem}`);
  process.exit(problem ? 1 : 0);
}

// The certificate is for external clients and need not match this address.
const options = { rejectUnauthorized: false, signal: AbortSignal.timeout(TIMEOUT_MS) };
let isSecure = false;
(url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, ({ statusCode }) => {
  end(ALIVE.includes(statusCode) ? undefined : `answered ${statusCode}`);
})
  .on('socket', (socket) => {
    socket.once('secureConnect', () => {
      isSecure = true;
    });
  })
  .on('error', (error) => {
    // A server that requires a client certificate sends an alert, or closes the connection after the handshake.
    const asksForCertificate = /SSL alert|TLSV13_ALERT/.test(`${error.code} ${error.message}`);
    end(asksForCertificate || (isSecure && error.code === 'ECONNRESET') ? undefined : error.message);
  })
  .end();
