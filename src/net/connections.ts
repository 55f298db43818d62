import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

export interface ConnectionOptions {
  /** Scheme, host and port, such as `https://api.example.com`. */
  readonly origin: string;
  readonly connections: number;
  /** undici's default is ten seconds. */
  readonly connectTimeoutMs?: number;
  readonly secureContext?: SecureContext;
  /** The name in the server's certificate, and that it is asked for; that of the origin when absent. */
  readonly serverName?: string;
  /** The environment with the proxy variables. Default: that of the process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The connections to one server, direct or through a proxy. */
export interface Connections {
  readonly dispatcher: Dispatcher;
  /** The destination for messages: `api.example.com`, or `api.example.com through the proxy proxy:3128`. Without credentials. */
  route(): string;
}

/**
 * Opens connections through the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, but to loopback addresses directly, as Go does.
 *
 * @throws {TypeError} for a proxy variable that {@link proxyProblems} names.
 */
export function openConnections(options: ConnectionOptions): Connections {
  const { protocol, host, hostname } = new URL(options.origin);
  const proxies = proxiesIn(options.env ?? process.env);
  const proxy = (protocol === 'https:' && proxies.https) || proxies.http;
  if (proxy === '' || isLoopback(hostname)) return { dispatcher: openPool(options), route: () => host };
  let isDirect = false;
  const dispatcher = openProxied(options, proxies, () => {
    isDirect = true;
  });
  return {
    dispatcher,
    route: () => (isDirect ? host : `${host} through the proxy ${new URL(proxy).host}`),
  };
}

/** Problems of the proxy variables, without their values, which may hold a password. */
export function proxyProblems(env: NodeJS.ProcessEnv): { readonly key: string; readonly message: string }[] {
  return Object.entries(env)
    .filter(([name, value]) => /^https?_proxy$/i.test(name) && value && !isProxyUrl(withScheme(value)))
    .map(([key]) => ({ key, message: 'must be the URL of a proxy, such as http://proxy.example.com:3128' }));
}

function openPool(options: ConnectionOptions): Pool {
  const { origin, connections, connectTimeoutMs } = options;
  return new Pool(origin, {
    ...poolOptions(connections),
    connect: {
      ...(connectTimeoutMs !== undefined && { timeout: connectTimeoutMs }),
      ...tlsOptions(options),
    },
  });
}

function tlsOptions({ secureContext, serverName }: ConnectionOptions) {
  return {
    ...(secureContext && { secureContext }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

function openProxied(
  options: ConnectionOptions,
  proxies: ReturnType<typeof proxiesIn>,
  onDirect: () => void,
): Dispatcher {
  const { connections, connectTimeoutMs = 10_000 } = options;
  const tls = tlsOptions(options);
  const direct = buildConnector({ timeout: connectTimeoutMs, allowH2: false, ...tls });
  return new EnvHttpProxyAgent({
    ...poolOptions(connections),
    httpProxy: proxies.http,
    httpsProxy: proxies.https,
    noProxy: proxies.none,
    connectTimeout: connectTimeoutMs,
    requestTls: tls,
    // Called only for hosts that NO_PROXY names.
    connect(target, callback) {
      onDirect();
      direct(target, callback);
    },
  });
}

function poolOptions(connections: number) {
  return {
    connections,
    // Truncated answers and resets are tested for HTTP/1.1 only.
    allowH2: false,
    // The caller's deadline covers connecting, head and body, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** The values of the proxy variables. As in curl and Node, lower-case names take precedence. */
function proxiesIn(env: NodeJS.ProcessEnv) {
  const textOf = (name: string) => env[name] ?? env[name.toUpperCase()] ?? '';
  return {
    http: withScheme(textOf('http_proxy')),
    https: withScheme(textOf('https_proxy')),
    none: textOf('no_proxy'),
  };
}

function withScheme(value: string): string {
  return value === '' || value.includes('://') ? value : `http://${value}`;
}

function isProxyUrl(text: string): boolean {
  return URL.canParse(text) && /^(https?|socks5?):$/.test(new URL(text).protocol);
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
  );
}
