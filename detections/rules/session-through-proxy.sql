-- A session through an anonymizing proxy
--
-- A session was started from an address that Okta knows as a proxy.
--
-- Follows: Sigma, Okta User Session Start Via An Anonymising Proxy Service: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_user_session_start_via_anonymised_proxy.yml
-- Follows: Panther, okta_anonymizing_vpn_login: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_anonymizing_vpn_login.yml
-- Follows: Elastic, First Occurrence of Okta User Session Started via Proxy: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_first_occurrence_user_session_started_via_proxy.toml
-- ATT&CK: T1090.003 Multi-hop Proxy
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS account, src_endpoint.ip AS ip, src_endpoint.autonomous_system.name AS network,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'user.session.start'
  AND len([e for e in enrichments if e.type = 'proxy' AND (e.data->>'is_proxy') = 'true']) > 0;
