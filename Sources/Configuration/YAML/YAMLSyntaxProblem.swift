/// Translates libyaml's messages into plain words.
struct YAMLSyntaxProblem {
    let message: String
    let hint: String

    /// - Parameters:
    ///   - problem: libyaml's message, which never contains text of the file.
    ///   - context: what libyaml was reading, such as “while parsing a flow sequence”.
    ///   - contextLine: where that began, counted from 1.
    ///   - isAtTab: whether the line is indented by a tab.
    init(problem: String, context: String?, contextLine: Int?, isAtTab: Bool) {
        let since = contextLine.map { " (opened in line \($0))" } ?? ""
        switch problem {
        case _ where isAtTab:
            message = "a tab in the indentation"
            hint = "YAML is indented by spaces; replace the tab by spaces"
        case "but found another document":
            message = "a second YAML document begins here"
            hint = "keep one document per file: remove the “---” and what follows, or put it into a file in conf.d"
        case "found undefined alias":
            message = "an alias (*name) without its anchor (&name)"
            hint = "put the value into quotes if the * is part of it"
        case "mapping values are not allowed in this context":
            message = "a “:” in a place where no key is possible"
            hint = "check the indentation, or put a value that contains “: ” into quotes"
        case "could not find expected ':'":
            message = "a line without “:”"
            hint = "write “key: value”, with a space after the colon"
        case "did not find expected key", "did not find expected '-' indicator":
            message = "the indentation does not fit the lines above"
            hint = "keys of one mapping, and items of one list, must begin in the same column"
        case "found unexpected end of stream":
            message = "a quote\(since) is not closed"
            hint = "close it"
        case "did not find expected ',' or ']'":
            message = "a list in brackets\(since) is not closed, or lacks a comma"
            hint = "close it with ] and separate its items by commas"
        case "did not find expected ',' or '}'":
            message = "a mapping in braces\(since) is not closed, or lacks a comma"
            hint = "close it with } and separate its entries by commas"
        case "found character that cannot start any token":
            message = "a character that can't begin a value (such as @, ` or %)"
            hint = "put the value into quotes"
        default:
            message = "the YAML can't be read: " + (context.map { "\($0), " } ?? "") + problem
            hint = "check quotes, brackets and indentation here and in the line above"
        }
    }
}
