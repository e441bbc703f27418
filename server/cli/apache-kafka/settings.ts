// The broker's settings. Their one source is the `environment:` block of the service `kafka` in
// docker-compose.yml; here it is turned into the server.properties of a broker on this machine.
import { parse } from 'yaml';

/** Where one broker listens and keeps its data, and what it does otherwise than docker-compose.yml says. */
export type Placement = {
  readonly port: number;
  readonly controllerPort: number;
  readonly directory: string;
  readonly properties?: Readonly<Record<string, string>>;
};

/** What docker-compose.yml says about the broker. */
export type BrokerSettings = {
  readonly clusterId: string;
  readonly jvmOptions: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
};

type Compose = { services: { kafka: { environment: Record<string, string> } } };

/** Reads the settings from the text of docker-compose.yml: KAFKA_A_B_C is the property a.b.c. */
export function readSettings(compose: string): BrokerSettings {
  const {
    CLUSTER_ID = '',
    KAFKA_HEAP_OPTS = '',
    ...rest
  } = (parse(compose) as Compose).services.kafka.environment;
  return {
    clusterId: CLUSTER_ID,
    jvmOptions: KAFKA_HEAP_OPTS.split(' ').filter(Boolean),
    properties: Object.fromEntries(
      Object.entries(rest)
        .filter(([name]) => name.startsWith('KAFKA_'))
        .map(([name, value]) => [propertyName(name), value]),
    ),
  };
}

/** The text of server.properties for a broker on localhost. */
export function serverProperties(settings: BrokerSettings, placement: Placement): string {
  const { port, controllerPort, directory } = placement;
  const properties = {
    ...settings.properties,
    listeners: `PLAINTEXT://localhost:${port},CONTROLLER://localhost:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://localhost:${port}`,
    'controller.quorum.voters': `${settings.properties['node.id']}@localhost:${controllerPort}`,
    'log.dirs': directory,
    ...placement.properties,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

// The rule of the image: _ is a dot, __ an underscore, ___ a dash.
function propertyName(variable: string): string {
  return variable
    .slice('KAFKA_'.length)
    .toLowerCase()
    .replace(/_{1,3}/g, (run) => '._-'.charAt(run.length - 1));
}
