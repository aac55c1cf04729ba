// recado completion: what the shells need to complete a command line.
#include <CLI/CLI.hpp>

#include "command.hpp"
#include "console.hpp"
#include "description.hpp"

namespace recado::app {
namespace {

/// In single quotes, for any of the three shells.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += "'\\''";
    else result += c;
  }
  return result + "'";
}

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& each : words) result += (result.empty() ? "" : " ") + each;
  return result;
}

std::vector<std::string> spellings(const described_option& what) {
  std::vector<std::string> result;
  if (!what.letter.empty()) result.push_back("-" + what.letter);
  if (!what.name.empty()) result.push_back("--" + what.name);
  return result;
}

/// "a/b" leads to "a b": how the shells find the command on the line.
template <class Print>
void for_each_step(const std::vector<described_command>& all, Print&& print) {
  for (const described_command& each : all) {
    if (each.path.empty()) continue;
    described_command above = each;
    above.path.pop_back();
    print(above.words() + "/" + each.path.back(), each.words());
  }
}

std::string for_bash(const std::vector<described_command>& all) {
  std::string text =
      "# bash completion for recado; made by 'recado completion bash'\n"
      "_recado() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' i\n"
      "  local words='' files='' values=''\n"
      "  case ${COMP_WORDS[0]##*/} in mosquitto_pub) path=pub ;; mosquitto_sub) path=sub ;; mosquitto_rr) path=rr ;; "
      "esac\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case $path/${COMP_WORDS[i]} in\n";
  for_each_step(all, [&](const std::string& from, const std::string& to) {
    text += "      " + quoted(from) + ") path=" + quoted(to) + " ;;\n";
  });
  text += "    esac\n  done\n  case $path in\n";
  for (const described_command& each : all) {
    std::vector<std::string> words = each.children, files, values;
    std::string choices;
    for (const described_option& one : each.options) {
      const auto names = spellings(one);
      words.insert(words.end(), names.begin(), names.end());
      if (one.how == completes::file) files.insert(files.end(), names.begin(), names.end());
      if (one.how == completes::text && one.choices.empty()) values.insert(values.end(), names.begin(), names.end());
      if (one.choices.empty()) continue;
      for (std::size_t i = 0; i < names.size(); ++i) choices += (i == 0 ? "" : "|") + names[i];
      choices += ") words=" + quoted(joined(one.choices)) + "; prev='' ;; ";
    }
    text += "    " + quoted(each.words()) + ")\n      words=" + quoted(joined(words)) +
            "\n      files=" + quoted(joined(files)) + "\n      values=" + quoted(joined(values)) + "\n";
    if (!choices.empty()) text += "      case $prev in " + choices + "esac\n";
    text += "      ;;\n";
  }
  return text +
         "  esac\n"
         "  COMPREPLY=()\n"
         "  if [[ -n $prev && \" $files \" == *\" $prev \"* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "  elif [[ -z $prev || \" $values \" != *\" $prev \"* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _recado recado\n";
}

/// Text inside the brackets of zsh's _arguments.
std::string for_brackets(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string for_zsh(const std::vector<described_command>& all) {
  std::string text =
      "#compdef recado mosquitto_pub mosquitto_sub mosquitto_rr\n"
      "# zsh completion for recado; made by 'recado completion zsh'\n"
      "_recado() {\n"
      "  local at='' i used=1\n"
      "  case ${words[1]:t} in mosquitto_pub) at=pub ;; mosquitto_sub) at=sub ;; mosquitto_rr) at=rr ;; esac\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case $at/${words[i]} in\n";
  for_each_step(all, [&](const std::string& from, const std::string& to) {
    text += "      (" + quoted(from) + ") at=" + quoted(to) + "; used=$i ;;\n";
  });
  text +=
      "    esac\n"
      "  done\n"
      "  words=(\"${(@)words[used,-1]}\")\n"
      "  (( CURRENT -= used - 1 ))\n"
      "  case $at in\n";
  for (const described_command& each : all) {
    text += "    (" + quoted(each.words()) + ")\n      _arguments -S";
    for (const described_option& one : each.options) {
      std::string action;
      if (!one.choices.empty()) action = ":" + for_brackets(one.argument) + ":(" + joined(one.choices) + ")";
      else if (one.how == completes::file) action = ":" + for_brackets(one.argument) + ":_files";
      else if (one.how == completes::text) action = ":" + for_brackets(one.argument) + ": ";
      for (const std::string& name : spellings(one))
        text += " \\\n        " + quoted("*" + name + "[" + for_brackets(one.help) + "]" + action);
    }
    if (!each.children.empty()) text += " \\\n        " + quoted("1:command:(" + joined(each.children) + ")");
    text += "\n      ;;\n";
  }
  return text + "  esac\n}\n_recado \"$@\"\n";
}

std::string for_fish(const std::vector<described_command>& all) {
  std::string text =
      "# fish completion for recado; made by 'recado completion fish'\n"
      "function __recado_at\n"
      "  set -l at ''\n"
      "  set -l all (commandline -opc)\n"
      "  for word in $all[2..-1]\n"
      "    switch \"$at/$word\"\n";
  for_each_step(all, [&](const std::string& from, const std::string& to) {
    text += "      case " + quoted(from) + "\n        set at " + quoted(to) + "\n";
  });
  text += "    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend\ncomplete -c recado -f\n";
  for (const described_command& each : all) {
    const std::string where = "complete -c recado -n \"__recado_at " + quoted(each.words()) + "\"";
    if (!each.children.empty()) text += where + " -a " + quoted(joined(each.children)) + "\n";
    for (const described_option& one : each.options) {
      text += where;
      if (!one.letter.empty()) text += " -s " + one.letter;
      if (!one.name.empty()) text += " -l " + one.name;
      if (one.how == completes::file) text += " -r -F";
      else if (!one.choices.empty()) text += " -x -a " + quoted(joined(one.choices));
      else if (one.how == completes::text) text += " -x";
      std::string help;
      for (const char c : one.help) help += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
      text += " -d '" + help + "'\n";
    }
  }
  return text;
}

}  // namespace

std::string completion_for(const std::string& shell, const std::vector<described_command>& all) {
  if (shell == "bash") return for_bash(all);
  if (shell == "zsh") return for_zsh(all);
  return shell == "fish" ? for_fish(all) : std::string{};
}

void add_completion(CLI::App& root) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = root.add_subcommand("completion", "Print the script that completes command lines in a shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  on_run(*command, [shell, &root] {
    const std::string text = completion_for(*shell, describe(root));
    if (text.empty()) throw usage_error("'" + *shell + "' is no shell that is known", "one of bash, zsh, fish");
    out() << std::string_view{text};
    return static_cast<int>(exit_success);
  });
}

}  // namespace recado::app
