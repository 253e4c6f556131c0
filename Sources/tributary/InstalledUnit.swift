import Credentials
import FoundationEssentials
import Glibc

/// The settings of tributary.service, including drop-ins, that determine what the daemon can read and write.
struct InstalledUnit {
    static let name = "tributary.service"
    private static let program = "/usr/bin/systemctl"

    /// The value of a setting `LoadCredential=` or `LoadCredentialEncrypted=`.
    struct LoadedCredential {
        var name: String
        var path: String
        var isEncrypted: Bool
    }

    let user: String
    let isActive: Bool
    /// Whether the unit may write only to `writablePaths` (`ProtectSystem=strict`).
    let isStrict: Bool
    /// Whether the unit can't see /home, /root and /run/user (`ProtectHome=`).
    let hidesHome: Bool
    /// The paths of `ReadWritePaths=`, `StateDirectory=` and `RuntimeDirectory=`: absolute, and without the prefixes of systemd.exec(5).
    let writablePaths: [String]
    /// The paths among `writablePaths` that must exist for the unit to start.
    let requiredPaths: [String]
    let loadedCredentials: [LoadedCredential]
    /// The ports on which the unit may listen (`SocketBindAllow=`); nil if it may use any.
    private let listening: [String]?
    private let stateDirectory: String?
    private let runtimeDirectory: String?

    /// Asks systemd for the settings of tributary.service; nil if this host has no systemd or no such unit.
    static func find() -> InstalledUnit? {
        guard access("/run/systemd/system", F_OK) == 0, access(program, X_OK) == 0 else { return nil }
        let names = [
            "LoadState", "ActiveState", "User", "ProtectSystem", "ProtectHome", "ReadWritePaths", "StateDirectory",
            "RuntimeDirectory", "SocketBindAllow", "SocketBindDeny",
        ]
        guard let shown = run(["show", name, "--property=\(names.joined(separator: ","))"]) else { return nil }
        var properties: [String: String] = [:]
        for line in shown.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            // systemctl prints some properties several times, one value per line.
            let (name, value) = (String(line[..<equals]), String(line[line.index(after: equals)...]))
            properties[name] = properties[name].map { "\($0) \(value)" } ?? value
        }
        guard properties["LoadState"] == "loaded" else { return nil }
        return InstalledUnit(properties, text: run(["cat", name]) ?? "")
    }

    /// - Parameter text: the unit and its drop-ins, as `systemctl cat` prints them.
    init(_ properties: [String: String], text: String) {
        func words(_ name: String) -> [String] { (properties[name] ?? "").split(separator: " ").map(String.init) }
        let user = properties["User"] ?? ""
        self.user = user.isEmpty ? "root" : user
        isActive = properties["ActiveState"] == "active"
        isStrict = properties["ProtectSystem"] == "strict"
        hidesHome = ["yes", "tmpfs"].contains(properties["ProtectHome"])
        listening = words("SocketBindDeny").isEmpty ? nil : words("SocketBindAllow")
        let given = words("ReadWritePaths")
        requiredPaths = given.filter { !$0.hasPrefix("-") }.map(Self.plain)
        stateDirectory = words("StateDirectory").first.map { "/var/lib/\($0)" }
        runtimeDirectory = words("RuntimeDirectory").first.map { "/run/\($0)" }
        writablePaths = given.map(Self.plain) + [stateDirectory, runtimeDirectory].compactMap(\.self)
        loadedCredentials = Self.credentials(text)
    }

    /// Whether the unit lets the daemon write at a path. With `ProtectSystem=strict`, the daemon can't write to the host's /tmp and /var/tmp, because
    /// the unit has private ones.
    func mayWrite(_ path: String) -> Bool {
        guard isStrict else { return true }
        return writablePaths.contains { path == $0 || path.hasPrefix("\($0)/") || $0 == "/" }
    }

    /// Whether the unit lets the daemon listen on a TCP port of an IPv4 or IPv6 address. Only a systemd with BPF enforces this
    /// (systemd.resource-control(5)).
    func mayListen(on port: Int, isIPv6: Bool) -> Bool {
        guard let listening else { return true }
        return listening.contains { rule in
            rule.split(separator: ":").allSatisfy { part in
                let ends = part.split(separator: "-").compactMap { Int($0) }
                return switch part {
                case "any", "tcp": true
                case "ipv4": !isIPv6
                case "ipv6": isIPv6
                default: ends.first.map { ($0...max($0, ends.last ?? $0)).contains(port) } ?? false
                }
            }
        }
    }

    /// This process's environment, with the state and runtime directories that the daemon's unit sets. If this process already runs in the unit, or
    /// if no unit is installed, its environment is returned unchanged.
    static var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment
        guard environment["STATE_DIRECTORY"] == nil, let unit = find() else { return environment }
        unit.addDirectories(to: &environment)
        return environment
    }

    func addDirectories(to environment: inout [String: String]) {
        if let stateDirectory { environment["STATE_DIRECTORY"] = stateDirectory }
        if let runtimeDirectory { environment["RUNTIME_DIRECTORY"] = runtimeDirectory }
    }

    private static func plain(_ path: String) -> String {
        var path = path[...]
        while let first = path.first, first == "-" || first == "+" { path.removeFirst() }
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }

    private static func credentials(_ text: String) -> [LoadedCredential] {
        var found: [String: LoadedCredential] = [:]
        for line in text.split(separator: "\n") {
            for (key, isEncrypted) in [("LoadCredential=", false), ("LoadCredentialEncrypted=", true)] {
                guard line.hasPrefix(key) else { continue }
                let value = line.dropFirst(key.count)
                guard let colon = value.firstIndex(of: ":") else {
                    // An empty value removes all earlier values of the same setting (systemd.exec(5)).
                    if value.isEmpty { found = found.filter { $0.value.isEncrypted != isEncrypted } }
                    continue
                }
                let name = String(value[..<colon])
                let path = String(value[value.index(after: colon)...])
                found[name] = LoadedCredential(name: name, path: path, isEncrypted: isEncrypted)
            }
        }
        return found.values.sorted { $0.name < $1.name }
    }

    private static func run(_ arguments: [String]) -> String? {
        guard
            let ended = try? Subprogram.run(program, arguments, outputLimit: 1 << 20, patience: 10_000),
            ended.status == 0
        else { return nil }
        return String(decoding: ended.output, as: UTF8.self)
    }
}
