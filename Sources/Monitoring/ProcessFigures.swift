import FoundationEssentials
import Glibc

/// The resources that this process uses, from proc(5).
struct ProcessFigures: Sendable {
    /// User and system time since the start.
    var cpuSeconds: Double
    var residentBytes: Double
    var openDescriptors: Double
    var descriptorLimit: Double
    var threads: Double

    /// The present figures; nil if /proc can't be read.
    static func now() -> Self? {
        var usage = rusage()
        var limit = rlimit()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0,
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
            let pages = text("/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap({ Double($0) }),
            let threads = text("/proc/self/status")?.split(separator: "\n").first(where: { $0.hasPrefix("Threads:") }),
            let count = threads.split(whereSeparator: \.isWhitespace).last.flatMap({ Double($0) }),
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Self(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            residentBytes: pages * Double(sysconf(Int32(_SC_PAGESIZE))),
            // Reading the list needs one descriptor, which is not counted.
            openDescriptors: Double(max(0, descriptors - 1)), descriptorLimit: Double(limit.rlim_cur), threads: count)
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
