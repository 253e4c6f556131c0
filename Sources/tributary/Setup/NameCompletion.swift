import ArgumentParser
import Configuration
import Spool

/// Names that a shell completes.
enum NameCompletion: Sendable {
    case integrations, credentials, destinations, loaders

    /// Of the configuration that the words name, else of the installed one; none where it can't be read.
    fileprivate func names(_ words: [String]) -> [String] {
        var options = ConfigurationOptions()
        options.config = Self.configuration(words) ?? ConfigurationOptions.installed
        guard let configuration = options.loadedQuietly() else { return [] }
        switch self {
        case .integrations: return configuration.integrations.map(\.name.text)
        case .credentials: return configuration.credentials.map(\.name.text)
        case .destinations: return configuration.destinations.map(\.name.text)
        case .loaders:
            let known = configuration.destinations.map(\.name.text)
            let files = AcknowledgementFiles(spool: configuration.spool.directory)
            return ((try? files.all(expecting: known)) ?? []).map(\.loader).sorted()
        }
    }

    /// The file that the words name.
    private static func configuration(_ words: [String]) -> String? {
        let joined = "--config="
        for (index, word) in words.enumerated() {
            if word.hasPrefix(joined) { return String(word.dropFirst(joined.count)) }
            // bash makes three words of --config=FILE.
            if word == "--config" || word == "-c" { return words.dropFirst(index + 1).first { $0 != "=" } }
        }
        return nil
    }
}

extension CompletionKind {
    static func names(of kind: NameCompletion) -> CompletionKind {
        .custom { words, _, _ in kind.names(words) }
    }
}
