/// Translates libyaml's messages into plain words.
struct YAMLSyntaxProblem {
    let message: String
    let hint: String

    /// - Parameters:
    ///   - problem: libyaml's message, which never contains text of the file.
    ///   - context: what libyaml was reading, such as “while parsing a flow sequence”.
    ///   - contextLine: the line in which the context began, counted from 1.
    ///   - isAtTab: whether there is a tab at the position of the problem, or in the indentation of its line.
    init(problem: String, context: String?, contextLine: Int?, isAtTab: Bool) {
        let since = contextLine.map { " (opened in line \($0))" } ?? ""
        switch problem {
        case _ where isAtTab:
            message = "there is a tab in the indentation"
            hint = "YAML allows only spaces for indentation; replace the tab with spaces"
        case "but found another document":
            message = "a second YAML document begins here"
            hint = "keep one document per file: remove “---” and the lines after it, or move them to a file in conf.d"
        case "found undefined alias":
            message = "there is an alias (*name), but not its anchor (&name)"
            hint = "put the value into quotes if the * is part of it"
        case "mapping values are not allowed in this context":
            message = "there is a “:” in a place where no key is possible"
            hint = "check the indentation, or put a value that contains “: ” into quotes"
        case "could not find expected ':'":
            message = "a line has no “:” after its key"
            hint = "write “key: value”, with a space after the colon"
        case "did not find expected key", "did not find expected '-' indicator":
            message = "the indentation does not fit the lines above"
            hint = "keys of one mapping, and items of one list, must begin in the same column"
        case "found unexpected end of stream":
            message = "a quote\(since) is not closed"
            hint = "add the closing quote"
        case "did not find expected ',' or ']'":
            message = "a list in brackets\(since) is not closed, or lacks a comma"
            hint = "close the list with ] and separate its items with commas"
        case "did not find expected ',' or '}'":
            message = "a mapping in braces\(since) is not closed, or lacks a comma"
            hint = "close the mapping with } and separate its entries with commas"
        case "found character that cannot start any token":
            message = "this character can't begin a value (such characters are @, ` and %)"
            hint = "put the value into quotes"
        default:
            message = "the YAML can't be read: " + (context.map { "\($0), " } ?? "") + problem
            hint = "check quotes, brackets and indentation here and in the line above"
        }
    }
}
