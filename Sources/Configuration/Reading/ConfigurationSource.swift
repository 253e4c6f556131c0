import Glibc

/// One configuration file's bytes with the name that messages give it.
package struct ConfigurationSource: Sendable {
    package var file: String
    package var bytes: [UInt8]

    package init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    /// A text under a name, for checking before it is saved.
    package init(file: String, text: String) { self.init(file: file, bytes: Array(text.utf8)) }

    /// Whether the first line of the file opens `credentials` or `integrations`, and so does each that begins at the margin, comments and items
    /// apart: then a file that is not good YAML sets nothing that concerns the integrations of other files. False when that is not certain.
    var holdsOnlyIntegrations: Bool {
        guard let text = String(validating: bytes, as: UTF8.self) else { return false }
        let lines = text.split(whereSeparator: \.isNewline).filter { line in
            guard let first = line.first(where: { !$0.isWhitespace }) else { return false }
            return first != "#" && line != "---"
        }
        guard let first = lines.first, Self.opensIntegrations(first) else { return false }
        return lines.allSatisfy { line in
            line.first?.isWhitespace == true || line.first == "-" || Self.opensIntegrations(line)
        }
    }

    private static func opensIntegrations(_ line: Substring) -> Bool {
        ["credentials", "integrations"].contains { name in
            guard line.hasPrefix("\(name):") else { return false }
            let rest = line.dropFirst(name.count + 1).first { !$0.isWhitespace }
            return rest == nil || rest == "#"
        }
    }

    /// A configuration file and its drop-ins, as they are now.
    ///
    /// - Throws: ``ConfigurationError`` when one can't be read.
    package static func all(of path: String) throws(ConfigurationError) -> [ConfigurationSource] {
        var findings = Findings()
        let sources = gather(path, into: &findings).0
        if let failure = findings.failure(filesInOrder: sources.map(\.file)) { throw failure }
        return sources
    }

    /// More drop-ins than this are not read.
    static let maximumFiles = 4096

    /// The file and the `conf.d/*.yaml` beside it, in lexical (byte) order. What can't be read is reported; the second
    /// value says whether all could be.
    static func gather(_ path: String, into findings: inout Findings) -> ([ConfigurationSource], isComplete: Bool) {
        var sources: [ConfigurationSource] = []
        var isComplete = true
        for file in [path] + dropIns(beside: path, &isComplete, &findings) {
            switch read(file, isDropIn: file != path) {
            case .success(let bytes): sources.append(ConfigurationSource(file: file, bytes: bytes))
            case .failure(let error):
                isComplete = false
                let missing = error.code == ENOENT && file == path
                findings.error(
                    at: ConfigurationPlace(file: file), "the configuration can't be read: \(error.words)",
                    hint: missing
                        ? "create it, or name another with --config"
                        : error.code == nil ? "remove it from conf.d" : "let the service's user read it")
            }
        }
        return (sources, isComplete)
    }

    private static func dropIns(
        beside path: String, _ isComplete: inout Bool, _ findings: inout Findings
    ) -> [String] {
        let slash = path.lastIndex(of: "/")
        let directory = (slash.map { path[...$0] } ?? "") + "conf.d"
        guard let stream = opendir(String(directory)) else {
            let code = errno
            if code != ENOENT {
                isComplete = false
                findings.error(
                    at: ConfigurationPlace(file: String(directory)),
                    "the directory can't be read: \(FileProbe.words(code))",
                    hint: code == ENOTDIR ? "make it a directory, or remove it" : "let the service's user read it")
            }
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            if name.hasSuffix(".yml") {
                findings.warning(
                    at: ConfigurationPlace(file: "\(directory)/\(name)"), "the file is not read",
                    hint: "name it .yaml to have it read")
            }
            guard name.hasSuffix(".yaml") else { continue }
            guard names.count < maximumFiles else {
                isComplete = false
                findings.error(
                    at: ConfigurationPlace(file: String(directory)), "there are more than \(maximumFiles) files",
                    hint: "put several integrations into one file")
                break
            }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(directory)/\($0)" }
    }

    private struct ReadError: Error {
        /// An errno; nil for what is no regular file.
        var code: Int32?
        var words: String { code.map(FileProbe.words) ?? "it is no regular file" }
    }

    /// At most one byte more than ``YAMLText/maximumBytes``: enough to tell that a file is too large.
    private static func read(_ path: String, isDropIn: Bool) -> Result<[UInt8], ReadError> {
        // Opening a pipe, or reading one, can wait without end.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isDropIn ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { return .failure(ReadError(code: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(ReadError(code: errno)) }
        // A pipe or terminal is fine for --config, such as <(…); a directory is not.
        if status.st_mode & S_IFMT == S_IFDIR { return .failure(ReadError(code: EISDIR)) }
        if isDropIn, status.st_mode & S_IFMT != S_IFREG { return .failure(ReadError(code: nil)) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while content.count <= YAMLText.maximumBytes {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(ReadError(code: errno))
            }
            if count == 0 { break }
            content += chunk[..<count]
        }
        return .success(content)
    }
}
