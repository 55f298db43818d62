// A stand-in for a real receiver: prints each alert from Alertmanager, prefixed with the receiver's name.
import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  try {
    const receiver = request.url.slice(1);
    const chunks = await request.setEncoding('utf8').toArray();
    const { alerts = [] } = chunks.length > 0 ? JSON.parse(chunks.join('')) : {};
    for (const alert of alerts) console.log(lineOf(receiver, alert));
    response.end('ok\n');
  } catch (error) {
    response.writeHead(400).end(`${error.message}\n`);
  }
});

function lineOf(receiver, { status, labels, annotations }) {
  const { summary, description, runbook_url } = annotations;
  return [`${receiver} ${status} ${labels.alertname}: ${summary}`, description, runbook_url]
    .filter(Boolean)
    .join('\n  ');
}

server.listen(Number(process.argv[2] ?? 9099), () =>
  console.log(`listening on port ${server.address().port}`),
);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
