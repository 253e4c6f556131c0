import Glibc

/// The bytes of one configuration file, and the file name for messages.
package struct ConfigurationSource: Sendable {
    package var file: String
    package var bytes: [UInt8]

    package init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    /// Makes a source from a new text for `file`, so that the text can be checked before it is saved.
    package init(file: String, text: String) { self.init(file: file, bytes: Array(text.utf8)) }

    /// Whether it is certain that the file has only the top-level keys `credentials` and `integrations`. If such a file is not valid YAML, the other
    /// files can be used without it.
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

    /// The maximum number of pieces of a file that are read separately.
    private static let maximumBlocks = 1000

    /// The file in pieces. Each piece is a top-level key with everything below it, so that a syntax error in one piece does not affect the others.
    var blocks: [[UInt8]] {
        var blocks: [[UInt8]] = []
        // True if the list items of the current piece are not indented, false if the content of the piece is indented. Nil as long as only the key of
        // the piece has been read.
        var isList: Bool?
        for line in bytes.split(separator: 0x0A) {
            var begins = true
            switch line.first {
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                begins = false
                isList = isList ?? false
            case UInt8(ascii: "-") where isList != false:
                begins = false
                isList = true
            case UInt8(ascii: "#"), UInt8(ascii: "\r"): continue
            default: isList = nil
            }
            if begins {
                guard blocks.count < Self.maximumBlocks else { break }
                blocks.append([])
            }
            if !blocks.isEmpty { blocks[blocks.count - 1] += line + [0x0A] }
        }
        return blocks
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
    /// - Throws: ``ConfigurationError`` if a file can't be read.
    package static func all(of path: String) throws(ConfigurationError) -> [ConfigurationSource] {
        var findings = Findings()
        let sources = gather(path, into: &findings).0
        if let failure = findings.failure(filesInOrder: sources.map(\.file)) { throw failure }
        return sources
    }

    /// The maximum number of drop-ins that are read.
    static let maximumFiles = 4096

    /// Reads the file, and then the files `conf.d/*.yaml` next to it, in the byte order of their names. Reports each file that can't be read;
    /// `isComplete` is then false.
    static func gather(_ path: String, into findings: inout Findings) -> ([ConfigurationSource], isComplete: Bool) {
        var sources: [ConfigurationSource] = []
        var isComplete = true
        for file in [path] + dropIns(nextTo: path, &isComplete, &findings) {
            switch read(file, isDropIn: file != path) {
            case .success(let bytes): sources.append(ConfigurationSource(file: file, bytes: bytes))
            case .failure(let error):
                isComplete = false
                let missing = error.code == ENOENT && file == path
                findings.error(
                    at: ConfigurationPlace(file: file), "the configuration can't be read: \(error.words)",
                    hint: missing
                        ? "create the file, or name another file with --config"
                        : error.code == nil || (error.code == EISDIR && file != path)
                            ? "remove the entry from conf.d"
                            : error.code == EISDIR
                                ? "write the path of a file in this directory, such as tributary.yaml"
                                : "allow the service's user to read the file")
            }
        }
        return (sources, isComplete)
    }

    private static func dropIns(
        nextTo path: String, _ isComplete: inout Bool, _ findings: inout Findings
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
                    hint: code == ENOTDIR
                        ? "replace the file with a directory, or remove the file"
                        : "allow the service's user to read the directory")
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
                    at: ConfigurationPlace(file: "\(directory)/\(name)"), "the file is ignored",
                    hint: "to use the file, rename it so that its name ends in .yaml")
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
        /// The errno; nil if a drop-in is neither a regular file nor a directory.
        var code: Int32?
        var words: String { code.map(FileProbe.words) ?? "not a regular file" }
    }

    /// Reads the whole file, but stops soon after ``YAMLText/maximumBytes``. That is enough to detect that a file is too large.
    private static func read(_ path: String, isDropIn: Bool) -> Result<[UInt8], ReadError> {
        // A drop-in may be a pipe, which is refused below. With O_NONBLOCK, opening the pipe does not wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isDropIn ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { return .failure(ReadError(code: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(ReadError(code: errno)) }
        // --config may name a pipe, such as <(…), or a terminal, but not a directory.
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
