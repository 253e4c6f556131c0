import Time

/// This module's calendar type. Only this file imports the module `Time` for it.
typealias CivilTime = Time.CivilTime
