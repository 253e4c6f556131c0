import CLinux
import Glibc
import ResponseLog

/// The process at the other end of a connection. The kernel recorded the user and the groups of the process when the process connected (unix(7)).
struct ResponsePeer: Equatable, Sendable {
    var pid: pid_t
    var uid: uid_t
    /// The primary group and the supplementary groups.
    var groups: Set<gid_t>

    /// Reads the facts about the peer of a socket. Nil if the kernel has no such facts, for example if the connection is closed.
    init?(socket: Int32) {
        var peer = tributary_peer()
        guard tributary_socket_peer(socket, &peer) == 0 else { return nil }
        var others = [gid_t](repeating: 0, count: 256)
        var count = tributary_socket_peer_groups(socket, &others, Int32(others.count))
        if count < 0, errno == ERANGE {
            // No process has more than 65,536 groups (NGROUPS_MAX of limits.h).
            others = [gid_t](repeating: 0, count: 65_536)
            count = tributary_socket_peer_groups(socket, &others, Int32(others.count))
        }
        self.init(pid: peer.pid, uid: peer.uid, groups: Set([peer.gid] + others.prefix(Int(max(0, count)))))
    }

    init(pid: pid_t, uid: uid_t, groups: Set<gid_t>) {
        self.pid = pid
        self.uid = uid
        self.groups = groups
    }

    /// Whether the peer is root, the helper's own user, or a member of the socket's group. The socket's mode enforces the same rule; this check still
    /// applies if somebody has changed the mode.
    func isAllowed(socketGroup: gid_t?, helper: uid_t = geteuid()) -> Bool {
        uid == 0 || uid == helper || socketGroup.map { groups.contains($0) } ?? false
    }

    /// - Parameter sudoUser: the value of `SUDO_USER` that the command has sent.
    func actor(sudoUser: String?) -> ResponseActor {
        let login = Self.loginUID(of: pid)
        return ResponseActor(
            uid: uid, user: Self.name(of: uid), loginUID: login, loginUser: login.map(Self.name(of:)),
            sudoUser: uid == 0 ? sudoUser.flatMap { $0.isEmpty ? nil : String($0.prefix(64)) } : nil)
    }

    /// `/proc/PID/loginuid` (proc(5)), which pam_loginuid(8) sets once at login; nil if it was never set.
    private static func loginUID(of pid: pid_t) -> uid_t? {
        let file = open("/proc/\(pid)/loginuid", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(file, &bytes, bytes.count)
        guard count > 0, let uid = uid_t(String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self)) else {
            return nil
        }
        return uid == uid_t.max ? nil : uid
    }

    /// The user's name, or the number if there is no name.
    private static func name(of uid: uid_t) -> String {
        var found = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, getpwuid_r(uid, &found, base, buffer.count, &result) == 0,
                result != nil,
                let name = found.pw_name
            else { return "\(uid)" }
            return String(cString: name)
        }
    }
}
