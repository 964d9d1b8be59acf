import java.util.EnumSet;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.ClusterMetrics;
import org.apache.hadoop.hbase.ClusterMetrics.Option;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.master.HMaster;
import org.apache.hadoop.hbase.thrift.ThriftServer;
import org.apache.hadoop.util.ToolRunner;
import sun.misc.Signal;

/** HBase in one process: ZooKeeper, master, region server, and the Thrift gateway in front of them. */
public final class HBaseServer {
    private static final int STOP_SECONDS = 20;
    private static final long LOOK_AGAIN_MS = 100;
    private static volatile boolean serving;

    public static void main(String[] arguments) throws Exception {
        Configuration settings = HBaseConfiguration.create();
        Signal.handle(new Signal("TERM"), signal -> new Thread(() -> stop(settings), "stop").start());
        new Thread(HBaseServer::runMaster, "master").start();
        while (!isServing(settings)) {
            Thread.sleep(LOOK_AGAIN_MS);
        }
        serving = true;
        System.exit(runThrift(settings));
    }

    private static void runMaster() {
        try {
            HMaster.main(new String[] {"start"});
        } catch (Throwable failure) {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
        Runtime.getRuntime().halt(0);
    }

    private static boolean isServing(Configuration settings) {
        try (Connection connection = ConnectionFactory.createConnection(settings); Admin admin = connection.getAdmin()) {
            // Refused, unlike a list of tables, as long as the master still makes its own ones.
            admin.listNamespaceDescriptors();
            ClusterMetrics metrics = admin.getClusterMetrics(EnumSet.of(Option.LIVE_SERVERS, Option.MASTER));
            return metrics.getMasterName() != null && !metrics.getLiveServerMetrics().isEmpty();
        } catch (Exception notYet) {
            return false;
        }
    }

    private static int runThrift(Configuration settings) throws Exception {
        String address = settings.get("hbase.regionserver.thrift.ipaddress");
        String port = settings.get("hbase.regionserver.thrift.port");
        return ToolRunner.run(settings, new ThriftServer(settings),
            new String[] {"--bind", address, "-p", port, "--infoport", "-1", "start"});
    }

    /** Regions are flushed and closed; before they serve there is nothing to close, and the log replays what was written. */
    private static void stop(Configuration settings) {
        if (serving) {
            // The call itself outlives the servers, whose ZooKeeper goes first: only their threads tell that they are done.
            Thread request = new Thread(() -> shutDown(settings), "shut-down");
            request.setDaemon(true);
            request.start();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
            while (isAnyServerRunning() && System.nanoTime() < deadline) {
                pause();
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static void shutDown(Configuration settings) {
        try (Connection connection = ConnectionFactory.createConnection(settings); Admin admin = connection.getAdmin()) {
            admin.shutdown();
        } catch (Exception gone) {
            System.err.println("shut down: " + gone);
        }
    }

    private static boolean isAnyServerRunning() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
            .anyMatch(name -> name.startsWith("M:0;") || name.startsWith("RS:0;"));
    }

    private static void pause() {
        try {
            Thread.sleep(LOOK_AGAIN_MS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
