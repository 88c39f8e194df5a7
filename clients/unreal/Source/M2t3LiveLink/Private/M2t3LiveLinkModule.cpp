#include "Modules/ModuleManager.h"

IMPLEMENT_MODULE(FDefaultModuleImpl, M2t3LiveLink)
