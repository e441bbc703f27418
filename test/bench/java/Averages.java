import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Running averages per product with Kafka Streams, as fast as it lets one: one thread, a store in memory
 * with its changelog in Kafka, and for each partition averages of its own, so that nothing is sent
 * through a repartition topic. It commits as often as the service writes checkpoints.
 * Arguments: brokers, topic, orders, processing guarantee, folder for its state.
 */
public class Averages {
  static final AtomicLong STARTED = new AtomicLong();
  static final CountDownLatch DONE = new CountDownLatch(1);
  static long left;
  static long cpuAtStart;
  static volatile long ended;
  static volatile long cpuAtEnd;

  public static void main(String[] args) throws Exception {
    left = Long.parseLong(args[2]);
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[1] + "-" + ProcessHandle.current().pid());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, args[3]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, args[4]);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put("auto.offset.reset", "earliest");

    var store = Stores.keyValueStoreBuilder(
        Stores.inMemoryKeyValueStore("averages"), Serdes.String(), Serdes.ByteArray())
        .withCachingEnabled();
    Topology topology = new Topology()
        .addSource("orders", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), args[1])
        .addProcessor("average", Average::new, "orders")
        .addStateStore(store, "average");
    try (KafkaStreams streams = new KafkaStreams(topology, settings)) {
      streams.start();
      DONE.await();
    }
    System.out.printf("{\"seconds\": %f, \"cpuSeconds\": %f, \"rssBytes\": %d}%n",
        (ended - STARTED.get()) / 1e9, (cpuAtEnd - cpuAtStart) / 1e9, rss());
  }

  /** Reads an order and adds its price to what its product has come to: how many, and the sum. */
  static class Average implements Processor<byte[], byte[], Void, Void> {
    private KeyValueStore<String, byte[]> averages;

    @Override
    public void init(ProcessorContext<Void, Void> context) {
      averages = context.getStateStore("averages");
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      if (STARTED.compareAndSet(0, System.nanoTime())) cpuAtStart = cpu();
      ByteBuffer value = ByteBuffer.wrap(record.value()).order(java.nio.ByteOrder.LITTLE_ENDIAN);
      text(value);
      String product = text(value);
      double price = value.getFloat();
      byte[] known = averages.get(product);
      ByteBuffer tally = ByteBuffer.wrap(known == null ? new byte[16] : known.clone());
      tally.putLong(0, tally.getLong(0) + 1).putDouble(8, tally.getDouble(8) + price);
      averages.put(product, tally.array());
      left -= 1;
      if (left > 0) return;
      ended = System.nanoTime();
      cpuAtEnd = cpu();
      DONE.countDown();
    }

    private static String text(ByteBuffer value) {
      int length = (int) ByteUtils.readVarlong(value);
      String text = new String(value.array(), value.position(), length, StandardCharsets.UTF_8);
      value.position(value.position() + length);
      return text;
    }
  }

  private static long cpu() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime();
  }

  /** In bytes; null, as JSON has it, where the system does not say. */
  private static Long rss() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      }
    } catch (IOException absent) {
      // No Linux.
    }
    return null;
  }
}
