import CYaml

/// The sequence of libyaml's events for one text. No other file uses libyaml.
///
/// Events are produced one at a time, so the caller can stop at a limit before the rest is scanned.
final class YAMLEvents {
    enum Event {
        case documentStart
        case alias(String)
        case scalar(text: String, isPlain: Bool, tag: String?, anchor: String?)
        case sequenceStart(anchor: String?)
        case mappingStart(anchor: String?)
        /// The end of a sequence, a mapping or a document.
        case end
        case streamEnd
    }

    /// An error of libyaml.
    enum Failure: Error {
        /// A syntax error in libyaml's words, which never contain text of the file.
        case syntax(problem: String, line: Int, column: Int, context: (words: String, line: Int)?)
        /// There is not enough memory, or the bytes are not text.
        case unreadable
    }

    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    /// The buffer from which libyaml reads. It must exist as long as the parser.
    private let text: UnsafeMutableBufferPointer<UInt8>

    /// Nil if there is not enough memory.
    init?(_ text: String) {
        self.text = .allocate(capacity: text.utf8.count)
        _ = self.text.initialize(from: text.utf8)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            self.text.deallocate()
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, self.text.baseAddress, self.text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    /// The next event, with the line and the column where it begins. Both count from 1; the column counts Unicode scalars. Do not call this after
    /// `streamEnd`.
    func next() throws(Failure) -> (event: Event, line: Int, column: Int) {
        while true {
            var raw = yaml_event_t()
            guard yaml_parser_parse(parser, &raw) == 1 else { throw failure() }
            defer { yaml_event_delete(&raw) }
            if let event = Self.event(raw) {
                return (event, raw.start_mark.line + 1, raw.start_mark.column + 1)
            }
        }
    }

    /// Converts an event of libyaml. Nil for the start of the stream, which has no content.
    private static func event(_ raw: yaml_event_t) -> Event? {
        switch raw.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_ALIAS_EVENT: return .alias(string(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                tag: string(scalar.tag), anchor: string(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: string(raw.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: string(raw.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT, YAML_DOCUMENT_END_EVENT: return .end
        case YAML_STREAM_START_EVENT: return nil
        // The end of the stream, or `YAML_NO_EVENT`, which libyaml returns if it is called again after the end.
        default: return .streamEnd
        }
    }

    private func failure() -> Failure {
        let state = parser.pointee
        guard state.error == YAML_SCANNER_ERROR || state.error == YAML_PARSER_ERROR, let problem = state.problem else {
            return .unreadable
        }
        return .syntax(
            problem: String(cString: problem), line: state.problem_mark.line + 1,
            column: state.problem_mark.column + 1,
            context: state.context.map { (String(cString: $0), state.context_mark.line + 1) })
    }

    private static func string(_ text: UnsafeMutablePointer<UInt8>?) -> String? {
        text.map { String(cString: $0) }
    }
}
