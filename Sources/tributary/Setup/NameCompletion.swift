import ArgumentParser
import Configuration
import Spool

/// Names for shell completion.
enum NameCompletion: Sendable {
    case integrations, credentials, destinations, loaders

    /// The names in the configuration given on the command line, or in the installed one, as far as it can be read.
    fileprivate func names(_ words: [String]) -> [String] {
        var options = ConfigurationOptions()
        options.config = Self.configuration(words) ?? ConfigurationOptions.installed
        guard let configuration = Configuration.readable(path: options.config, context: options.context()) else {
            return []
        }
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

    /// The value of `--config` or `-c` on the command line; nil if there is none.
    private static func configuration(_ words: [String]) -> String? {
        let joined = "--config="
        for (index, word) in words.enumerated() {
            if word.hasPrefix(joined) { return String(word.dropFirst(joined.count)) }
            // bash splits --config=FILE into three words.
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
